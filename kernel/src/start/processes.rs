//! The processes behind the proxy: evcxr, the process of the cells, and the compilers.

use super::variables::types_of_variables;
use crate::cells::edit::Variables;
use crate::error::{Context, Result};
use crate::folder::{Folder, template_of};
use crate::janitor::Janitor;
use crate::link::{Kind, Link, Packet};
use crate::linux;
use crate::process::read_json;
use crate::proxy::cell::Stream;
use crate::settings::Settings;
use crate::sources::{Index, Word};
use crate::workspace::CELLS;
use serde_json::{Value, json};
use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::rc::Rc;
use tokio::net::UnixDatagram;
use tokio::net::unix::pipe::Receiver;

/// Where a template keeps what Shift+Tab shows.
const DOCS: &str = "sources/docs";

/// So many pieces are read at once: whoever writes faster than this is read shall not keep the kernel
/// from all else.
const MOST: usize = 64;

/// What the proxy does, done.
pub struct Processes {
    /// Goes to evcxr when that starts.
    pub link: Link,
    waits: Rc<Waits>,
    settings: Settings,
    docs: Option<Index>,
    /// Ends them with the kernel.
    pub janitor: Option<Janitor>,
    folder: Option<PathBuf>,
    evcxr: Option<u32>,
    cells: Option<u32>,
}

/// What there is to wait for.
pub struct Waits {
    control: UnixDatagram,
    input: UnixDatagram,
    output: Receiver,
    error: Receiver,
    bell: UnixDatagram,
}

impl Processes {
    /// The link to a process that is still to come.
    pub fn new(settings: Settings) -> Result<(Processes, Rc<Waits>)> {
        let (link, ends) = Link::new()?;
        linux::widen(&ends.output);
        linux::widen(&ends.error);
        let socket = |socket: std::os::unix::net::UnixDatagram| {
            socket.set_nonblocking(true).and_then(|()| UnixDatagram::from_std(socket))
        };
        let waits = Rc::new(Waits {
            control: socket(ends.control).context("a socket")?,
            input: socket(ends.input).context("a socket")?,
            output: Receiver::from_owned_fd(ends.output.into()).context("a pipe")?,
            error: Receiver::from_owned_fd(ends.error.into()).context("a pipe")?,
            bell: socket(ends.bell).context("a socket")?,
        });
        let processes = Processes {
            link,
            waits: Rc::clone(&waits),
            settings,
            docs: None,
            janitor: None,
            folder: None,
            evcxr: None,
            cells: None,
        };
        Ok((processes, waits))
    }

    /// evcxr runs in this folder.
    pub fn attach(&mut self, evcxr: u32, folder: &Folder) {
        self.evcxr = Some(evcxr);
        self.folder = Some(folder.path.clone());
        if let Some(janitor) = &mut self.janitor {
            janitor.note("evcxr", evcxr);
        }
    }
}

impl Waits {
    /// The packets that have come, as soon as there are any.
    pub async fn packets(&self) -> Vec<Packet> {
        let socket = tokio::select! {
            _ = self.control.readable() => &self.control,
            _ = self.input.readable() => &self.input,
        };
        let mut bytes = vec![0; 1 << 17];
        let mut packets = Vec::new();
        while packets.len() < MOST
            && let Ok(count @ 1..) = socket.try_recv(&mut bytes)
        {
            packets.extend(Packet::read(&bytes[..count]));
        }
        packets
    }

    /// Waits until the cells have written something.
    pub async fn output(&self) {
        tokio::select! {
            _ = self.output.readable() => {}
            _ = self.error.readable() => {}
        }
    }
}

impl crate::proxy::Processes for Processes {
    fn read_output(&mut self) -> Vec<(Stream, Vec<u8>)> {
        let mut read = Vec::new();
        let mut bytes = vec![0; 1 << 16];
        for (stream, pipe) in
            [(Stream::Stdout, &self.waits.output), (Stream::Stderr, &self.waits.error)]
        {
            // tokio reads only where it has heard that there is something, and that may come late: a
            // cell's last words must be there at its end. It is asked last, so that it listens again.
            let mut next = || {
                let count =
                    linux::read(pipe, &mut bytes).or_else(|| pipe.try_read(&mut bytes).ok());
                count.filter(|count| *count > 0).map(|count| bytes[..count].to_vec())
            };
            while let Some(bytes) = next() {
                read.push((stream, bytes));
                if read.len() >= MOST {
                    break;
                }
            }
        }
        read
    }

    fn answer(&mut self, question: &Packet, text: &[u8]) {
        let socket = match question.kind {
            Kind::Input => &self.waits.input,
            _ => &self.waits.control,
        };
        let _ = socket.try_send(&question.answer(text));
    }

    fn ring(&mut self) {
        // Where there is no room for more, it has rung and nobody has looked yet.
        let _ = self.waits.bell.try_send(&[1]);
    }

    fn interrupt(&mut self) {
        if let Some(cells) = self.cells {
            linux::interrupt(cells);
        }
    }

    fn listens(&self) -> bool {
        self.cells.is_some_and(linux::catches_interrupts)
    }

    fn kill(&mut self) {
        self.stop_compiler();
        if let Some(cells) = self.cells.take() {
            linux::kill_group(cells);
        }
    }

    fn stop_compiler(&mut self) {
        let Some(evcxr) = self.evcxr else { return };
        // evcxr's own program is a process for cells, also a new one that has not said so yet, or
        // something that is about to become a compiler.
        let own = linux::program(evcxr);
        for child in linux::children(evcxr) {
            if linux::program(child) != own {
                linux::kill_group(child);
            }
        }
    }

    fn started(&mut self, process: u32) {
        self.cells = Some(process);
        if let Some(janitor) = &mut self.janitor {
            janitor.note("cells", process);
        }
    }

    fn moved_variables(&mut self) -> Vec<String> {
        let file = self.folder.as_deref().map(Variables::file);
        file.and_then(|file| read_json::<Variables>(&file).ok()).unwrap_or_default().moved
    }

    fn library(&self) -> (&str, &str) {
        let library = &self.settings.library;
        (&library.name, library.path.to_str().unwrap_or_default())
    }

    fn inspect(&mut self, word: &Word, hover: Option<&str>, own: &str) -> Option<Value> {
        let folder = self.folder.as_deref()?;
        if self.docs.is_none() {
            let docs = template_of(folder).and_then(|template| Index::open(&template.join(DOCS)));
            self.docs = docs.ok();
        }
        let variables = types_of_variables(&folder.join(CELLS));
        let types = |name: &str| variables.get(name).cloned();
        let docs = self.docs.as_ref()?;
        // It reads what the user has written, whatever that is: no reason to lose the kernel.
        let shown = AssertUnwindSafe(|| docs.inspect(word, hover, own, &types));
        let shown = std::panic::catch_unwind(shown).ok().flatten()?;
        Some(json!({
            "text/plain": shown.plain, "text/markdown": shown.markdown, "text/html": shown.html,
        }))
    }
}
