//! Downloads that go on where they were, and arrive whole and right or not at all.

use crate::display::Bar;
use crate::error::{Error, Result};
use crate::files::cannot_write;
use crate::interrupt::Interrupt;
pub use checksum::Checksum;
use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};
use ureq::config::RedirectAuthHeaders;

mod checksum;
#[cfg(test)]
mod tests;

/// A network that lets us wait longer is taken for broken.
const PATIENCE: Duration = Duration::from_secs(30);
/// A connection that breaks off is taken up again so often, if it brought something.
const ATTEMPTS: usize = 5;

/// How often a wait looks whether it is over.
const LOOK: Duration = Duration::from_millis(100);

const AGAIN: &str = "run the cell again, it goes on where it was";

/// A file to be downloaded, and how to tell that it is the right one.
pub struct Download<'a> {
    /// Its address.
    pub url: &'a str,
    /// Its size in bytes.
    pub size: u64,
    /// Its checksum.
    pub checksum: Checksum<'a>,
    /// Goes to the address's host, and to no other one that it redirects to.
    pub token: Option<&'a str>,
}

/// What the connection's own thread tells.
enum Arrival {
    /// The bytes that follow begin at this one of the file.
    At(u64),
    Bytes(Vec<u8>),
    Failed(String),
}

impl Download<'_> {
    /// Brings the file to `path`, unless it is there. What arrived before a stop, a crash or a
    /// broken connection stays in `<path>.part` and is not downloaded again.
    pub fn fetch(&self, path: &Path) -> Result<()> {
        self.fetch_locking(path, &with_suffix(path, "lock"))
    }

    /// [`Download::fetch`] for a folder that has another place for its locks.
    pub fn fetch_locking(&self, path: &Path, lock: &Path) -> Result<()> {
        let write_error = |error: io::Error| cannot_write(path, &error);
        for folder in [path, lock].into_iter().filter_map(Path::parent) {
            fs::create_dir_all(folder).map_err(write_error)?;
        }
        // One process at a time; a second one waits and finds the file.
        let lock = File::create(lock).map_err(write_error)?;
        wait_for(&lock, path)?;
        if path.is_file() {
            return Ok(());
        }
        let part = with_suffix(path, "part");
        let mut file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&part)
            .map_err(write_error)?;
        self.receive(&mut file, path)?;
        file.sync_all().map_err(write_error)?;
        if let Err(error) = self.verify(&part) {
            let _ = fs::remove_file(&part);
            return Err(error);
        }
        fs::rename(&part, path).map_err(write_error)
    }

    /// Whether a file is the right one, by size and checksum.
    pub fn verify(&self, path: &Path) -> Result<()> {
        let unreadable = |error: io::Error| Error::file(path, error);
        let mut file = File::open(path).map_err(unreadable)?;
        let size = file.metadata().map_err(unreadable)?.len();
        let found = self.checksum.of(&mut file, size).map_err(unreadable)?;
        let (kind, expected) = (self.checksum.kind(), self.checksum.expected());
        if (size, found.as_str()) == (self.size, expected) {
            return Ok(());
        }
        Err(Error::file(
            path,
            format!(
                "not the file of {}: {size} bytes with {kind} {found} instead of {} with {expected}; \
                 delete it and run the cell again",
                self.url, self.size
            ),
        ))
    }

    /// Connects until the file has its size, as long as each connection brings something.
    fn receive(&self, file: &mut File, path: &Path) -> Result<()> {
        let interrupt = Interrupt::listen();
        let length = |file: &File| -> Result<u64> {
            Ok(file.metadata().map_err(|error| cannot_write(path, &error))?.len())
        };
        let mut have = length(file)?;
        let share = have as f64 / self.size.max(1) as f64;
        let mut bar = Bar::go_on(format!("downloading {}", self.name()), share);
        let first = have;
        for _ in 0..ATTEMPTS {
            if have >= self.size {
                break;
            }
            let before = have;
            self.connect_once(file, path, (first, before), &interrupt, &mut bar)?;
            have = length(file)?;
            if have == before {
                break;
            }
        }
        if have >= self.size {
            bar.done(&format!("{:.0} MB", self.size as f64 / 1e6));
            return Ok(());
        }
        Err(self
            .error(format!("the connection broke after {have} of {} bytes; {AGAIN}", self.size)))
    }

    /// Takes what one connection brings, until it ends or breaks.
    fn connect_once(
        &self,
        file: &mut File,
        path: &Path,
        (first, have): (u64, u64),
        interrupt: &Interrupt,
        bar: &mut Bar,
    ) -> Result<()> {
        let arrivals = connect(self.url.to_owned(), self.token.map(str::to_owned), have);
        let (mut at, mut heard) = (have, Instant::now());
        loop {
            if interrupt.happened() {
                let (url, size) = (self.url, self.size);
                return Err(Error::Stopped(format!(
                    "the download of {url} ({at} of {size} bytes)"
                )));
            }
            let arrival = match arrivals.recv_timeout(Duration::from_millis(200)) {
                Ok(arrival) => arrival,
                Err(RecvTimeoutError::Timeout) if heard.elapsed() < PATIENCE => continue,
                Err(_) => return Ok(()),
            };
            heard = Instant::now();
            let written = match arrival {
                Arrival::Failed(message) => return Err(self.error(message)),
                Arrival::At(start) => {
                    at = start;
                    file.set_len(at).and_then(|()| file.seek(SeekFrom::Start(at)).map(drop))
                }
                Arrival::Bytes(bytes) => {
                    at += bytes.len() as u64;
                    file.write_all(&bytes)
                }
            };
            written.map_err(|error| cannot_write(path, &error))?;
            self.say_how_far(at, at - first.min(at), bar);
        }
    }

    fn say_how_far(&self, at: u64, arrived: u64, bar: &mut Bar) {
        let speed = arrived as f64 / 1e6 / bar.seconds().max(1e-3);
        let (at, all) = (at as f64 / 1e6, self.size as f64 / 1e6);
        bar.at(at / all, || format!("{at:.0} of {all:.0} MB, {speed:.1} MB/s"));
    }

    /// The last part of its address.
    fn name(&self) -> &str {
        self.url.rsplit('/').next().unwrap_or(self.url)
    }

    fn error(&self, message: impl Into<String>) -> Error {
        Error::Download { url: self.url.to_owned(), message: message.into() }
    }
}

/// Downloads in a thread of its own, from byte `from` on: a network that does not answer must not
/// keep the stop button from working. The channel ends where the connection does.
fn connect(url: String, token: Option<String>, from: u64) -> Receiver<Arrival> {
    let (sender, arrivals) = sync_channel(64);
    std::thread::spawn(move || {
        if let Err(message) = request(&url, token.as_deref(), from, &sender) {
            let _ = sender.send(Arrival::Failed(message));
        }
    });
    arrivals
}

/// What all requests have in common. A status is for the caller to judge, and so is a redirect
/// after that many others.
pub fn agent(redirects: u32) -> ureq::Agent {
    ureq::Agent::config_builder()
        .timeout_resolve(Some(Duration::from_secs(5)))
        .timeout_connect(Some(Duration::from_secs(5)))
        .timeout_recv_response(Some(PATIENCE))
        .http_status_as_error(false)
        .max_redirects(redirects)
        .max_redirects_will_error(false)
        .redirect_auth_headers(RedirectAuthHeaders::SameHost)
        // The sizes and the checksums are those of the plain files.
        .accept_encoding("identity")
        .build()
        .into()
}

/// What the system says at the end of several layers.
pub fn no_connection(error: &ureq::Error) -> String {
    let error = error.to_string();
    format!("no connection ({})", error.rsplit(": ").next().unwrap_or(&error))
}

fn request(
    url: &str,
    token: Option<&str>,
    from: u64,
    sender: &SyncSender<Arrival>,
) -> std::result::Result<(), String> {
    let mut request = agent(10).get(url).header("Range", format!("bytes={from}-"));
    if let Some(token) = token {
        request = request.header("Authorization", format!("Bearer {token}"));
    }
    let response = request.call().map_err(|error| no_connection(&error))?;
    let range = response.headers().get("Content-Range").and_then(|range| range.to_str().ok());
    let start = match response.status().as_u16() {
        206 if range.is_some_and(|range| range.starts_with(&format!("bytes {from}-"))) => from,
        // The whole file, from a server that can't send a part of it.
        200 => 0,
        429 => return Err(format!("too many requests: wait a minute, then {AGAIN}")),
        status => return Err(format!("the server answers {status}: wait, then {AGAIN}")),
    };
    let _ = sender.send(Arrival::At(start));
    let mut body = response.into_body().into_reader();
    let mut buffer = vec![0; 1 << 16];
    while let Ok(count @ 1..) = body.read(&mut buffer) {
        if sender.send(Arrival::Bytes(buffer[..count].to_vec())).is_err() {
            break;
        }
    }
    Ok(())
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(suffix);
    name.into()
}

/// Waits until no other kernel holds the lock. Jupyter's stop button ends the wait.
fn wait_for(lock: &File, path: &Path) -> Result<()> {
    let interrupt = Interrupt::listen();
    let mut told = false;
    while !interrupt.happened() {
        match lock.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) => {
                if !std::mem::replace(&mut told, true) {
                    println!("another kernel downloads {}: waiting for it", path.display());
                }
                std::thread::sleep(LOOK);
            }
            Err(TryLockError::Error(error)) => {
                println!(
                    "{} can't be locked ({error}): download with one kernel at a time",
                    path.display()
                );
                return Ok(());
            }
        }
    }
    Err(Error::Stopped(format!("the wait for {}", path.display())))
}
