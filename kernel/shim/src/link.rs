//! Packets to the kernel and back. Each is sent as a whole: a letter, the number of this process, the
//! number of the question, and the text.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

/// The variable that holds the descriptors: `control,input,output,error,bell`.
pub const VARIABLE: &str = "NOTEBOOK_KERNEL_LINK";

/// The longest text of one packet: what is sent as a whole has its limits.
const LONGEST: usize = 1 << 15;
const HEADER: usize = 9;

pub struct Link {
    control: libc::c_int,
    input: libc::c_int,
    pub output: libc::c_int,
    pub error: libc::c_int,
    bell: libc::c_int,
    process: u32,
    question: AtomicU32,
    /// One thread at a time waits for an answer over the control socket, and one for input.
    waiting: Mutex<()>,
    asking: Mutex<Vec<u8>>,
}

impl Link {
    pub fn from_environment() -> Option<Link> {
        let text = std::env::var(VARIABLE).ok()?;
        let mut descriptors = text.split(',').map(|number| number.parse::<libc::c_int>().ok());
        let mut next = || descriptors.next().flatten();
        let (control, input, output, error, bell) = (next()?, next()?, next()?, next()?, next()?);
        for descriptor in [control, input, output, error, bell] {
            // SAFETY: sets a flag of a descriptor; one that is not open is refused.
            if unsafe { libc::fcntl(descriptor, libc::F_SETFD, libc::FD_CLOEXEC) } < 0 {
                return None;
            }
        }
        Some(Link {
            control,
            input,
            output,
            error,
            bell,
            process: std::process::id(),
            question: AtomicU32::new(0),
            waiting: Mutex::new(()),
            asking: Mutex::new(Vec::new()),
        })
    }

    /// Tells the kernel something that needs no answer.
    pub fn tell(&self, letter: u8, text: &[u8]) {
        self.send(self.control, letter, 0, text);
    }

    /// Says that the cell is at its end, waits until the kernel has read its output, and gives the
    /// marks that evcxr is to see.
    pub fn end_of_cell(&self) -> Vec<u8> {
        let _one = self.waiting.lock();
        self.ask(self.control, b'E', &[])
    }

    /// Shows a thing in the notebook, below what the cells wrote before, and waits until it stands
    /// there.
    pub fn show(&self, id: u64, thing: &[u8]) {
        self.ask_in_parts(b'D', id, thing);
    }

    /// Asks for something about widgets; gives the answer, nothing if the kernel is gone.
    pub fn widget(&self, request: &[u8]) -> Vec<u8> {
        self.ask_in_parts(b'W', 0, request)
    }

    /// Waits until the kernel rings; false if it is gone.
    pub fn wait_for_bell(&self) -> bool {
        let mut rings = [0; 64];
        loop {
            // SAFETY: the buffer is as long as is said.
            let count = unsafe { libc::recv(self.bell, rings.as_mut_ptr().cast(), rings.len(), 0) };
            if count >= 0 || !was_interrupted() {
                return count > 0;
            }
        }
    }

    /// Parts of a thing are told from those of another thread's by their number.
    fn ask_in_parts(&self, letter: u8, id: u64, thing: &[u8]) -> Vec<u8> {
        let question = self.next_question();
        let last = self.send_all_but_the_last(letter, question, id, thing);
        let _one = self.waiting.lock();
        self.ask_as(self.control, letter, question, &last)
    }

    /// Puts another thing in its place, whenever that is.
    pub fn replace(&self, id: u64, thing: &[u8]) {
        let question = self.next_question();
        let last = self.send_all_but_the_last(b'U', question, id, thing);
        self.send(self.control, b'U', question, &last);
    }

    /// A part: the number of the thing, whether it is the last part, and so many bytes.
    fn send_all_but_the_last(&self, letter: u8, question: u32, id: u64, thing: &[u8]) -> Vec<u8> {
        const PART: usize = LONGEST - 9;
        let part = |is_last: bool, bytes: &[u8]| {
            [&id.to_ne_bytes()[..], &[u8::from(is_last)], bytes].concat()
        };
        let (first, last) = thing.split_at(thing.len().saturating_sub(1) / PART * PART);
        for bytes in first.chunks(PART) {
            self.send(self.control, letter, question, &part(false, bytes));
        }
        part(true, last)
    }

    /// The next bytes of the user's input, at most so many. None is the end of the input.
    pub fn input(&self, most: usize) -> Vec<u8> {
        let Ok(mut rest) = self.asking.lock() else { return Vec::new() };
        if rest.is_empty() {
            *rest = self.ask(self.input, b'I', &[]);
        }
        let count = rest.len().min(most);
        rest.drain(..count).collect()
    }

    /// Whether the packet went out: the kernel may be gone.
    fn send(&self, descriptor: libc::c_int, letter: u8, question: u32, text: &[u8]) -> bool {
        let text = &text[..text.len().min(LONGEST)];
        let mut packet = Vec::with_capacity(HEADER + text.len());
        packet.push(letter);
        packet.extend(self.process.to_ne_bytes());
        packet.extend(question.to_ne_bytes());
        packet.extend(text);
        loop {
            // SAFETY: the packet outlives the call.
            let sent = unsafe {
                libc::send(descriptor, packet.as_ptr().cast(), packet.len(), libc::MSG_NOSIGNAL)
            };
            if sent >= 0 || !was_interrupted() {
                return sent >= 0;
            }
        }
    }

    fn next_question(&self) -> u32 {
        self.question.fetch_add(1, Ordering::Relaxed) + 1
    }

    fn ask(&self, descriptor: libc::c_int, letter: u8, text: &[u8]) -> Vec<u8> {
        self.ask_as(descriptor, letter, self.next_question(), text)
    }

    /// An answer carries the numbers of its question, so that one for a process that was ended in
    /// between is not taken for ours.
    fn ask_as(&self, descriptor: libc::c_int, letter: u8, question: u32, text: &[u8]) -> Vec<u8> {
        if !self.send(descriptor, letter, question, text) {
            return Vec::new();
        }
        let mut packet = vec![0; HEADER + LONGEST];
        loop {
            // SAFETY: the buffer is as long as is said.
            let count =
                unsafe { libc::recv(descriptor, packet.as_mut_ptr().cast(), packet.len(), 0) };
            if count < 0 && was_interrupted() {
                continue;
            }
            let Some(answer) = usize::try_from(count).ok().and_then(|count| packet.get(..count))
            else {
                return Vec::new();
            };
            if answer.is_empty() {
                return Vec::new(); // the kernel is gone
            }
            let numbers = [self.process.to_ne_bytes(), question.to_ne_bytes()].concat();
            if answer.get(1..HEADER) == Some(&numbers[..]) {
                return answer[HEADER..].to_vec();
            }
        }
    }
}

/// Whether the last call ended because of a signal.
pub fn was_interrupted() -> bool {
    std::io::Error::last_os_error().raw_os_error() == Some(libc::EINTR)
}
