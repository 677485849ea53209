//! The descriptors that the kernel shares with the process of the cells (see the crate `shim`), and
//! the packets that go over two of them.

use crate::error::{Context, Result};
use crate::linux;
use std::io::{PipeReader, PipeWriter};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::UnixDatagram;
use std::process::Command;

/// The variable that holds the descriptors: `control,input,output,error,bell`.
pub const VARIABLE: &str = "NOTEBOOK_KERNEL_LINK";

const HEADER: usize = 9;
/// The longest text of one packet.
pub const LONGEST: usize = 1 << 15;

/// The ends of the process of the cells.
pub struct Link {
    control: UnixDatagram,
    input: UnixDatagram,
    output: PipeWriter,
    error: PipeWriter,
    bell: UnixDatagram,
}

/// The kernel's ends.
pub struct Ends {
    /// Starts, ends and panics of cells; also notes of the stand-ins for programs.
    pub control: UnixDatagram,
    /// Questions for the user's input.
    pub input: UnixDatagram,
    /// Standard output of the cells and of what they start.
    pub output: PipeReader,
    /// Standard error.
    pub error: PipeReader,
    /// Wakes the process when the value of a widget has changed.
    pub bell: UnixDatagram,
}

impl Link {
    /// Makes the descriptors.
    pub fn new() -> Result<(Link, Ends)> {
        let (control, their_control) = linux::pair().context("no socket")?;
        let (input, their_input) = linux::pair().context("no socket")?;
        let (output, their_output) = std::io::pipe().context("no pipe")?;
        let (error, their_error) = std::io::pipe().context("no pipe")?;
        let (bell, their_bell) = linux::pair().context("no socket")?;
        let link = Link {
            control: their_control,
            input: their_input,
            output: their_output,
            error: their_error,
            bell: their_bell,
        };
        Ok((link, Ends { control, input, output, error, bell }))
    }

    /// Lets a program, and what it starts, have the other ends.
    pub fn hand_on(&self, command: &mut Command) {
        let descriptors = [
            self.control.as_raw_fd(),
            self.input.as_raw_fd(),
            self.output.as_raw_fd(),
            self.error.as_raw_fd(),
            self.bell.as_raw_fd(),
        ];
        command.env(VARIABLE, descriptors.map(|number| number.to_string()).join(","));
        linux::inherit(command, descriptors.to_vec());
    }
}

/// What the process of the cells says.
#[derive(Clone, Debug, PartialEq)]
pub struct Packet {
    /// What it is about.
    pub kind: Kind,
    /// The process.
    pub process: u32,
    /// The number of the question, for the answer.
    pub question: u32,
    /// What it says.
    pub bytes: Vec<u8>,
}

/// What a packet is about.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// A process for cells has started.
    Hello,
    /// A cell has been compiled, and runs.
    Start,
    /// The cell is at its end: the answer are the marks for evcxr.
    End,
    /// The cell reads its standard input: the answer is a line, or nothing for the end of the input.
    Input,
    /// The cell's own thread panics.
    Panic,
    /// Another thread panics.
    ThreadPanic,
    /// A part of a thing to be shown; the last one is answered when the thing stands there.
    Show,
    /// A part of a thing that takes the place of one that was shown before.
    Replace,
    /// A part of a request about widgets; the last one is answered.
    Widget,
    /// Something to tell the user, from a program that stands in for cargo.
    Note,
}

impl Packet {
    /// Reads a packet; None for what is none.
    pub fn read(bytes: &[u8]) -> Option<Packet> {
        let kind = match bytes.first()? {
            b'H' => Kind::Hello,
            b'S' => Kind::Start,
            b'E' => Kind::End,
            b'I' => Kind::Input,
            b'P' => Kind::Panic,
            b'T' => Kind::ThreadPanic,
            b'D' => Kind::Show,
            b'U' => Kind::Replace,
            b'W' => Kind::Widget,
            b'N' => Kind::Note,
            _ => return None,
        };
        let number = |place: usize| -> Option<u32> {
            Some(u32::from_ne_bytes(bytes.get(place..place + 4)?.try_into().ok()?))
        };
        let (process, question) = (number(1)?, number(5)?);
        Some(Packet { kind, process, question, bytes: bytes.get(HEADER..)?.to_vec() })
    }

    /// What it says, as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    /// The answer to it.
    pub fn answer(&self, text: &[u8]) -> Vec<u8> {
        let text = &text[..text.len().min(LONGEST)];
        let mut bytes = vec![b'A'];
        bytes.extend(self.process.to_ne_bytes());
        bytes.extend(self.question.to_ne_bytes());
        bytes.extend(text);
        bytes
    }
}

/// Tells the user something, from a program that evcxr has started; nothing happens in others.
pub fn note(text: &str) {
    let control = std::env::var(VARIABLE).ok();
    let control = control.as_deref().and_then(|text| text.split(',').next()?.parse::<RawFd>().ok());
    let Some(control) = control else { return };
    let mut bytes = vec![b'N'];
    bytes.extend([0; HEADER - 1]);
    bytes.extend(&text.as_bytes()[..text.len().min(LONGEST)]);
    linux::send(control, &bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_are_read_and_answered() {
        let mut bytes = vec![b'E'];
        bytes.extend(7u32.to_ne_bytes());
        bytes.extend(3u32.to_ne_bytes());
        let packet = Packet::read(&bytes).unwrap();
        assert_eq!((packet.kind, packet.process, packet.question), (Kind::End, 7, 3));
        let answer = packet.answer(b"mark");
        assert_eq!(&answer[1..HEADER], &bytes[1..HEADER]);
        assert_eq!(&answer[HEADER..], b"mark");
        assert_eq!(Packet::read(b"E"), None);
        assert_eq!(Packet::read(b""), None);
    }
}
