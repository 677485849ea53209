//! A kernel from its start to its end: the sockets first, so that Jupyter has its answers, then evcxr
//! behind them, and the loop that keeps both and the proxy between them together.

mod evcxr;
mod processes;
mod variables;

use crate::error::{Context, Result};
use crate::folder::Folder;
use crate::janitor::Janitor;
use crate::link::Packet;
use crate::proxy::sockets::{Connection, Received};
use crate::proxy::{Processes as _, Proxy, To, message::Message};
use crate::settings::Settings;
use crate::{linux, template};
use evcxr::Evcxr;
use processes::{Processes, Waits};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::MissedTickBehavior;

/// How often text of a cell is passed on: more often than the eye can see.
const TICK: Duration = Duration::from_millis(40);
/// How often evcxr is asked its first question.
const GREET: Duration = Duration::from_millis(200);
/// How often a kernel looks whether the program that started it is still there.
const LOOK: Duration = Duration::from_secs(1);

/// How often evcxr is started, if it ends before it answers.
const TRIES: u32 = 3;

/// What happens beside the sockets.
pub enum Event {
    /// Something to tell the user while evcxr starts.
    Note(String),
    /// evcxr can be started in this folder.
    Prepared(Box<Result<(Folder, Janitor)>>),
    /// evcxr wrote a line for itself.
    Line(String),
    /// evcxr has ended.
    Ended,
}

/// `notebook-kernel kernel <settings> <connection file>`
pub fn run(settings_file: &Path, connection_file: &Path) -> Result<ExitCode> {
    let settings = Settings::read(settings_file)?;
    let connection = Connection::read(connection_file)?;
    // One thread: evcxr is to end with the thread that starts it.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let status = runtime.context("no runtime")?.block_on(Kernel::serve(
        settings,
        settings_file.to_owned(),
        connection,
    ));
    // What still waits for a lock or a compiler is not waited for.
    std::process::exit(i32::from(status?));
}

/// The signals to which a kernel listens.
struct Signals {
    stops: Signal,
    ends: Signal,
    hangups: Signal,
}

impl Signals {
    fn new() -> Result<Signals> {
        let listen = |kind| signal(kind).context("signals");
        Ok(Signals {
            stops: listen(SignalKind::interrupt())?,
            ends: listen(SignalKind::terminate())?,
            hangups: listen(SignalKind::hangup())?,
        })
    }
}

struct Kernel {
    settings: Settings,
    settings_file: PathBuf,
    proxy: Proxy<Processes>,
    evcxr: Option<Evcxr>,
    last_words: String,
    tries: u32,
    events: UnboundedReceiver<Event>,
    event: UnboundedSender<Event>,
    sockets: UnboundedReceiver<Received>,
    received: UnboundedSender<Received>,
    jupyter: UnboundedSender<(To, Message)>,
}

impl Kernel {
    async fn serve(
        settings: Settings,
        settings_file: PathBuf,
        connection: Connection,
    ) -> Result<u8> {
        let signals = Signals::new()?;
        let (received, sockets) = unbounded_channel();
        let (event, events) = unbounded_channel();
        let jupyter = connection.bind(received.clone()).await?;
        let token = format!("\u{2}{}:", uuid::Uuid::new_v4().simple());
        let (processes, waits) = Processes::new(settings.clone())?;
        let proxy = Proxy::new(processes, token);
        let mut kernel = Kernel {
            settings,
            settings_file,
            proxy,
            evcxr: None,
            last_words: String::new(),
            tries: 0,
            events,
            event,
            sockets,
            received,
            jupyter,
        };
        kernel.prepare();
        let status = kernel.run(signals, &waits).await;
        // The last replies are still on their way.
        tokio::time::sleep(Duration::from_millis(50)).await;
        kernel.proxy.processes.kill();
        Ok(status)
    }

    /// Does what there is to do, until the kernel is to end; gives its status.
    async fn run(&mut self, mut signals: Signals, waits: &Waits) -> u8 {
        let mut tick = tokio::time::interval(TICK);
        // A tick that was not needed is none that is missed.
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut greet = tokio::time::interval(GREET);
        greet.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut look = tokio::time::interval(LOOK);
        let parent = parent();
        loop {
            // A stop that was pressed before a cell was sent shall not stop that cell; and whoever
            // writes without end shall not keep the kernel from all else.
            tokio::select! {
                biased;
                _ = signals.ends.recv() => break 0,
                _ = signals.hangups.recv() => break 0,
                _ = signals.stops.recv() => self.proxy.stop(),
                _ = look.tick() => {
                    if parent.is_some_and(|parent| !linux::is_alive(parent)) {
                        break 0;
                    }
                }
                _ = greet.tick(), if self.starting().is_some() => {
                    self.starting().into_iter().for_each(Evcxr::greet);
                }
                _ = tick.tick(), if self.proxy.is_busy() => self.proxy.tick(),
                Some(event) = self.events.recv() => {
                    if let Some(status) = self.event(event) {
                        break status;
                    }
                }
                Some(received) = self.sockets.recv() => self.received(received),
                packets = waits.packets() => {
                    packets.into_iter().for_each(|packet: Packet| self.proxy.packet(packet));
                }
                () = waits.output() => self.proxy.read_output(),
            }
            self.send();
            if let Some(status) = self.proxy.ends {
                break status;
            }
        }
    }

    /// evcxr, until it has answered.
    fn starting(&self) -> Option<&Evcxr> {
        self.evcxr.as_ref().filter(|evcxr| !evcxr.has_answered)
    }

    fn send(&mut self) {
        for (to, message) in self.proxy.out() {
            let _ = match (to, &self.evcxr) {
                (To::Evcxr, Some(evcxr)) => evcxr.requests.send(message).map_err(drop),
                (To::Evcxr, None) => Ok(()),
                _ => self.jupyter.send((to, message)).map_err(drop),
            };
        }
    }

    fn received(&mut self, received: Received) {
        match received {
            Received::Request(request, from) => self.proxy.request(request, from),
            Received::Input(reply) => self.proxy.input(&reply),
            Received::Reply(reply) => self.proxy.evcxr_replies(reply),
            Received::Said(message) => {
                let greets = self.evcxr.as_mut().is_some_and(|evcxr| evcxr.is_greeting(&message));
                if greets {
                    self.proxy.ready();
                } else {
                    self.proxy.evcxr_says(message);
                }
            }
        }
    }

    fn event(&mut self, event: Event) -> Option<u8> {
        match event {
            Event::Note(text) => self.proxy.note(&text),
            Event::Line(line) => {
                self.proxy.evcxr_notes(&line);
                self.last_words = line;
            }
            Event::Prepared(prepared) => {
                let started = match *prepared {
                    Ok((folder, janitor)) => {
                        self.proxy.processes.janitor = Some(janitor);
                        self.start(folder)
                    }
                    Err(why) => Err(why),
                };
                if let Err(why) = started {
                    self.proxy.missing(why);
                }
            }
            // Jupyter starts a new kernel then, and says so.
            Event::Ended if self.evcxr.as_ref().is_some_and(|evcxr| evcxr.has_answered) => {
                return Some(1);
            }
            Event::Ended => self.start_again(),
        }
        None
    }

    /// evcxr ended before it answered. Another program may have taken one of its ports.
    fn start_again(&mut self) {
        self.tries += 1;
        let again = match self.evcxr.take() {
            Some(evcxr) if self.tries < TRIES => self.start(evcxr.folder),
            _ => Err(format!(
                "evcxr_jupyter can't start. `{}` may mend it. Its last words: {}",
                self.settings.setup_command, self.last_words
            )),
        };
        if let Err(why) = again {
            self.proxy.missing(why);
        }
    }

    /// Finds or makes the compiled library, in a thread: it may take minutes.
    fn prepare(&self) {
        let (settings, event) = (self.settings.clone(), self.event.clone());
        std::thread::spawn(move || {
            let mut say = |text: &str| {
                let _ = event.send(Event::Note(text.to_owned()));
            };
            let template = template::ensure(&settings, &mut say).or_else(|why| {
                // A library that does not compile just now is no reason to have no kernel.
                let older = template::newest(&settings).ok_or_else(|| why.clone())?;
                say(&format!("{why}\nThis kernel uses the library as it compiled last."));
                Ok(older)
            });
            let folder = template.and_then(|template| Folder::new(&settings, template));
            let _ = event.send(Event::Prepared(Box::new(folder)));
        });
    }

    fn start(&mut self, folder: Folder) -> Result<()> {
        let token = self.proxy.token().to_owned();
        let link = &self.proxy.processes.link;
        let evcxr = Evcxr::start(
            (&self.settings, &self.settings_file),
            folder,
            link,
            &token,
            self.received.clone(),
            self.event.clone(),
        )?;
        self.proxy.processes.attach(evcxr.process, &evcxr.folder);
        self.evcxr = Some(evcxr);
        Ok(())
    }
}

/// The program that Jupyter's own kernels watch: when it is gone, nobody can stop them any more. From
/// a container, a program outside can't be seen.
fn parent() -> Option<u32> {
    let parent = std::env::var("JPY_PARENT_PID").ok()?.parse().ok()?;
    Some(parent).filter(|parent| *parent > 1 && linux::is_alive(*parent))
}
