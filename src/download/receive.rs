//! How the bytes of a file arrive: by as many connections as it takes.

use super::Download;
use crate::display::{Bar, seconds};
use crate::download::Checksum;
use crate::error::{Error, Result};
use crate::files::cannot_write;
use crate::network::{Address, Answer, Client, Failure, LOOK, Request, busy, is_page};
use flate2::read::{MultiGzDecoder, ZlibDecoder};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};

/// So many connections one after the other may bring next to nothing.
const ATTEMPTS: u32 = 5;
/// What is next to nothing.
const LITTLE: u64 = 1 << 16;
/// After a connection without use, growing.
const PAUSE: Duration = Duration::from_millis(if cfg!(test) { 1 } else { 1000 });
/// A connection that brings fewer bytes a second is broken, if it stays so for as often as long as a
/// server may be silent.
const SLOW: u64 = 100;
const SLOW_FOR: u32 = 6;

const AGAIN: &str = "run the cell again, it goes on where it was";

/// How a file has arrived.
pub(super) struct Arrived {
    /// By one connection.
    pub in_one_piece: bool,
    /// And the server has said so.
    pub is_whole: bool,
}

/// How a connection ended.
enum End {
    Whole,
    /// There may be more, or not.
    Closed,
    Broken(String),
    /// What the server has does not go on where the part ends.
    StartAgain,
    /// The file is no longer where it was said to be.
    Gone,
}

/// What the connection's own thread tells. The channel ends where the connection does.
enum Arrival {
    Bytes(Vec<u8>),
    End(io::Result<()>),
}

impl Download<'_> {
    /// Brings the file to `part`.
    pub(super) fn receive(&self, client: &Client, part: &Path, path: &Path) -> Result<Arrived> {
        let write_error = |error: io::Error| cannot_write(path, &error);
        let mut options = File::options();
        let mut file =
            options.create(true).truncate(false).write(true).open(part).map_err(write_error)?;
        let length =
            |file: &File| -> Result<u64> { Ok(file.metadata().map_err(write_error)?.len()) };
        let mut have = length(&file)?;
        let mut pieces = u32::from(have > 0);
        if have > 0 && self.size.is_some_and(|size| have >= size) {
            return Ok(Arrived { in_one_piece: false, is_whole: false });
        }
        let original = self.address()?;
        let mut address = self.location.unwrap_or(&original);
        let mut bar = Bar::go_on(format!("downloading {}", self.name()), self.share(have));
        let (first, mut most, mut fruitless) = (have, have, 0);
        let is_whole = loop {
            pieces += 1;
            let mut connection = Connection { client, file: &mut file, bar: &mut bar, path, first };
            let end = self.connect(&mut connection, address, have, most > first)?;
            have = length(&file)?;
            let why = match end {
                End::Whole => break true,
                End::Closed if self.size.is_none_or(|size| size <= have) => break false,
                End::Closed => "it was closed".to_owned(),
                End::Broken(why) => why,
                End::Gone => "the file was moved".to_owned(),
                End::StartAgain => {
                    file.set_len(0).map_err(write_error)?;
                    (have, pieces) = (0, 0);
                    "the file changed".to_owned()
                }
            };
            fruitless = if have > most + LITTLE { 0 } else { fruitless + 1 };
            most = most.max(have);
            if fruitless >= ATTEMPTS {
                return Err(self.broke(have, &why));
            }
            // An address of a storage is good for a while, the hub's own for good.
            address = &original;
            let pause = PAUSE * 2u32.pow(fruitless.saturating_sub(1));
            client.wait(pause).map_err(|_| self.stopped(have))?;
        };
        file.sync_all().map_err(write_error)?;
        bar.done(&format!("{:.0} MB", length(&file)? as f64 / 1e6));
        Ok(Arrived { in_one_piece: pieces == 1, is_whole })
    }

    fn address(&self) -> Result<Address> {
        let no_address = || {
            let message = "no address of a file: it begins with http:// or https://".to_owned();
            Error::Download { url: self.url.to_owned(), message }
        };
        Address::parse(self.url).ok_or_else(no_address)
    }

    /// Takes what one connection brings, until it ends or breaks.
    fn connect(
        &self,
        connection: &mut Connection<'_>,
        address: &Address,
        have: u64,
        came_some: bool,
    ) -> Result<End> {
        let client = connection.client;
        let (token, patience) = (self.token, client.for_files);
        let request = Request { method: "GET", address, token, from: have, patience };
        let answer = match client.ask(&request, |_, _| true) {
            Ok(answer) => answer,
            Err(Failure::Stopped) => return Err(self.stopped(have)),
            Err(failure) if came_some => return Ok(End::Broken(failure.into_message())),
            Err(failure) => return Err(failure.into_error(self.url)),
        };
        let start = match answer.status() {
            200 => 0,
            206 if answer.encoding().is_none() && starts_at(&answer, have) => have,
            206 if have > 0 => return Ok(End::StartAgain),
            // There is nothing behind what we have.
            416 if have > 0 => return Ok(End::Whole),
            401 | 403 | 404 | 410
                if self.location == Some(address) && address.as_str() != self.url =>
            {
                return Ok(End::Gone);
            }
            401 | 403 | 404 | 451 if is_page(&answer) => return Err(self.something_else(&answer)),
            status => {
                let (url, busy) = (self.url.to_owned(), busy(&answer));
                return Err(match busy {
                    Some(message) => {
                        Error::Network { url, message: format!("{message}, then {AGAIN}") }
                    }
                    None => {
                        let message = format!("the server answers {status}: wait, then {AGAIN}");
                        Error::Download { url, message }
                    }
                });
            }
        };
        self.check(&answer, start)?;
        connection.take(self, answer, start)
    }

    /// Recognizes what is not the file before it is downloaded.
    fn check(&self, answer: &Answer, start: u64) -> Result<()> {
        let length: Option<u64> =
            answer.header("Content-Length").and_then(|length| length.parse().ok());
        let length = length.filter(|_| answer.encoding().is_none());
        let other = matches!(self.checksum, Checksum::Sha256(_))
            && matches!((length, self.size), (Some(length), Some(size)) if start + length != size);
        if is_page(answer) || other { Err(self.something_else(answer)) } else { Ok(()) }
    }

    fn something_else(&self, answer: &Answer) -> Error {
        let message = format!(
            "{} sends something else ({} bytes of {}): if this network wants you to sign in, do so in a \
             browser, then run the cell again",
            answer.address.host(),
            answer.header("Content-Length").unwrap_or("some"),
            answer.header("Content-Type").unwrap_or("no kind"),
        );
        Error::Network { url: self.url.to_owned(), message }
    }

    fn share(&self, have: u64) -> f64 {
        self.size.map_or(0.0, |size| have as f64 / size.max(1) as f64)
    }

    fn so_far(&self, have: u64) -> String {
        self.size.map_or(format!("{have} bytes"), |size| format!("{have} of {size} bytes"))
    }

    fn broke(&self, have: u64, why: &str) -> Error {
        let message = format!("the connection broke after {} ({why}); {AGAIN}", self.so_far(have));
        Error::Network { url: self.url.to_owned(), message }
    }

    fn stopped(&self, have: u64) -> Error {
        Error::Stopped(format!("the download of {} ({})", self.url, self.so_far(have)))
    }
}

/// Whether a part begins where it was asked for.
fn starts_at(answer: &Answer, from: u64) -> bool {
    let range = answer.header("Content-Range").map(str::trim);
    range.is_some_and(|range| range.starts_with(&format!("bytes {from}-")))
}

/// Where a connection's bytes go.
struct Connection<'a> {
    client: &'a Client,
    file: &'a mut File,
    bar: &'a mut Bar,
    path: &'a Path,
    /// The bytes that were there before.
    first: u64,
}

impl Connection<'_> {
    fn take(&mut self, download: &Download<'_>, answer: Answer, start: u64) -> Result<End> {
        let path = self.path;
        let write_error = |error: io::Error| cannot_write(path, &error);
        if self.file.metadata().map_err(write_error)?.len() > start {
            self.file.set_len(start).map_err(write_error)?;
        }
        self.file.seek(SeekFrom::Start(start)).map_err(write_error)?;
        // A body of which nobody says where it ends.
        let open = ["Content-Length", "Transfer-Encoding", "Content-Encoding"]
            .iter()
            .all(|name| answer.header(name).is_none());
        let patience = self.client.for_files;
        let address = answer.address.clone();
        let arrivals = read(answer)
            .map_err(|error| Error::Download { url: download.url.to_owned(), message: error })?;
        let (mut at, mut before, mut since) = (start, start, Instant::now());
        loop {
            match arrivals.recv_timeout(LOOK) {
                _ if self.client.interrupt.happened() => return Err(download.stopped(at)),
                Ok(Arrival::Bytes(bytes)) => {
                    self.file.write_all(&bytes).map_err(write_error)?;
                    at += bytes.len() as u64;
                    self.say_how_far(download, at);
                }
                Ok(Arrival::End(Ok(()))) if open => return Ok(End::Closed),
                Ok(Arrival::End(Ok(()))) => return Ok(End::Whole),
                Ok(Arrival::End(Err(error))) => {
                    return Ok(End::Broken(self.client.why(error, &address)));
                }
                Err(RecvTimeoutError::Disconnected) => {
                    return Ok(End::Broken("it ended".to_owned()));
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
            let elapsed = since.elapsed();
            if elapsed >= SLOW_FOR * patience.time {
                if at - before < SLOW * elapsed.as_secs() {
                    let time = seconds(elapsed.as_secs_f64());
                    return Ok(End::Broken(format!("only {} bytes in {time}", at - before)));
                }
                (before, since) = (at, Instant::now());
            }
        }
    }

    fn say_how_far(&mut self, download: &Download<'_>, at: u64) {
        let Some(size) = download.size else { return };
        let arrived = at - self.first.min(at);
        let speed = arrived as f64 / 1e6 / self.bar.seconds().max(1e-3);
        let (done, all) = (at as f64 / 1e6, size as f64 / 1e6);
        self.bar.at(download.share(at), || format!("{done:.0} of {all:.0} MB, {speed:.1} MB/s"));
    }
}

/// Reads the body in a thread of its own, and plain, even if the server compresses what it was asked to
/// send as it is.
fn read(answer: Answer) -> std::result::Result<Receiver<Arrival>, String> {
    let encoding = answer.encoding().map(str::to_lowercase);
    let plain = answer.response.into_body().into_reader();
    let mut body: Box<dyn Read + Send> = match encoding.as_deref() {
        None => Box::new(plain),
        Some("gzip" | "x-gzip") => Box::new(MultiGzDecoder::new(plain)),
        Some("deflate") => Box::new(ZlibDecoder::new(plain)),
        Some(other) => {
            return Err(format!(
                "is sent compressed ({other}), although plain bytes were asked for: try another network"
            ));
        }
    };
    let (sender, arrivals) = sync_channel(64);
    let thread = std::thread::Builder::new().spawn(move || {
        let mut buffer = vec![0; 1 << 16];
        loop {
            let arrival = match body.read(&mut buffer) {
                Ok(0) => Arrival::End(Ok(())),
                Ok(count) => Arrival::Bytes(buffer[..count].to_vec()),
                Err(error) => Arrival::End(Err(error)),
            };
            let is_end = matches!(arrival, Arrival::End(_));
            if sender.send(arrival).is_err() || is_end {
                return;
            }
        }
    });
    thread.map_err(|error| format!("no thread for it ({error}): close other programs"))?;
    Ok(arrivals)
}
