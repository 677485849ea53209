//! evcxr_jupyter: its variables, its start, and its first answer.

use super::Event;
use crate::error::{Context, Result};
use crate::folder::{Folder, template_of};
use crate::link::Link;
use crate::process::write;
use crate::proxy::message::Message;
use crate::proxy::sockets::{Connection, Received};
use crate::settings::Settings;
use crate::toolchain::{Toolchain, join};
use crate::{dependencies, linux};
use serde_json::json;
use std::io::{BufRead, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use tokio::sync::mpsc::UnboundedSender;

/// A running evcxr_jupyter.
pub struct Evcxr {
    /// Its process.
    pub process: u32,
    /// Its folder.
    pub folder: Folder,
    /// Requests go here.
    pub requests: UnboundedSender<Message>,
    /// Whether it has answered.
    pub has_answered: bool,
    greeting: Message,
}

impl Evcxr {
    /// Starts it. It will answer, or end.
    ///
    /// # Errors
    /// A program that is missing, ports that can't be had.
    pub fn start(
        (settings, settings_file): (&Settings, &Path),
        folder: Folder,
        link: &Link,
        token: &str,
        received: UnboundedSender<Received>,
        event: UnboundedSender<Event>,
    ) -> Result<Evcxr> {
        let connection = Connection::private()?;
        let file = folder.path.join("connection.json");
        write(&file, serde_json::to_vec(&connection).context("a connection file")?)?;
        let mut command = command(settings, settings_file, &folder, &file, token)?;
        link.hand_on(&mut command);
        linux::shield(&mut command);
        linux::memory::limit(&mut command);
        let child = command.spawn().context(format!(
            "can't run {}: `{}`",
            settings.evcxr.display(),
            settings.setup_command
        ))?;
        let process = child.id();
        watch(child, event);
        let requests = connection.connect(received, move || linux::is_alive(process));
        let greeting = Message::new("kernel_info_request", json!({}));
        Ok(Evcxr { process, folder, requests, has_answered: false, greeting })
    }

    /// Asks its first question, again and again: evcxr may answer before its messages reach us.
    pub fn greet(&self) {
        let _ = self.requests.send(self.greeting.clone());
    }

    /// Whether this is the first of its messages to all that came: now none will be missed.
    pub fn is_greeting(&mut self, said: &Message) -> bool {
        let first = !self.has_answered && said.is_idle() && said.belongs_to(&self.greeting);
        self.has_answered |= first;
        first
    }
}

/// Passes on what evcxr writes, and tells when it ends.
fn watch(mut child: Child, event: UnboundedSender<Event>) {
    let lines = child.stderr.take();
    std::thread::spawn(move || {
        // Whatever bytes a line has, and whether or not anybody reads ours: evcxr must find a reader,
        // and its end must be told.
        for line in
            lines.map(std::io::BufReader::new).into_iter().flat_map(|lines| lines.split(b'\n'))
        {
            let Ok(line) = line else { break };
            let line = String::from_utf8_lossy(&line).into_owned();
            let _ = writeln!(std::io::stderr(), "{line}");
            let _ = event.send(Event::Line(line));
        }
        let _ = child.wait();
        let _ = event.send(Event::Ended);
    });
}

fn command(
    settings: &Settings,
    settings_file: &Path,
    folder: &Folder,
    connection: &Path,
    token: &str,
) -> Result<Command> {
    // Cells find the standard library by luck only where rustc's own note of its place is right.
    let inherited = std::env::var_os("LD_LIBRARY_PATH").unwrap_or_default();
    let libraries = std::iter::once(Toolchain::current(settings)?.libraries())
        .chain(settings.library_path.clone())
        .chain(std::env::split_paths(&inherited).filter(|folder| folder.is_absolute()));
    let mut command = Command::new(&settings.evcxr);
    folder.set_variables(settings, settings_file, &mut command)?;
    command
        .arg("--control_file")
        .arg(connection)
        .stdin(Stdio::null())
        // There it only says that it has no configuration file.
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .envs(settings.defaults.iter().filter(|(name, _)| std::env::var_os(name).is_none()))
        .env("LD_LIBRARY_PATH", join(libraries))
        .env("LD_PRELOAD", preload(&settings.home.join("lib/libnotebook_shim.so")))
        .env("NOTEBOOK_KERNEL_LIBRARY", dependencies::library(&template_of(&folder.path)?))
        .env("NOTEBOOK_KERNEL_TOKEN", token);
    Ok(command)
}

/// Our library before those that the user loads.
fn preload(shim: &Path) -> String {
    match std::env::var("LD_PRELOAD") {
        Ok(others) if !others.is_empty() => format!("{}:{others}", shim.display()),
        _ => shim.display().to_string(),
    }
}
