//! Things that are too large for one packet come in parts: the number of the thing, whether the part
//! is the last one, and so many bytes of JSON.

use crate::link::Packet;
use serde_json::Value;
use std::collections::HashMap;

/// A larger thing would take the browser down.
const LARGEST: usize = 16 << 20;

/// The things that have not come whole yet, by their process and the number of their packets.
#[derive(Default)]
pub struct Parts(HashMap<(u32, u32), Vec<u8>>);

/// Whether a part is the last one of its thing.
pub fn is_last(packet: &Packet) -> bool {
    packet.bytes.get(8).is_some_and(|last| *last != 0)
}

impl Parts {
    /// The process of the cells is another one now.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// Adds a part; gives the number of the thing and the thing when it is whole.
    pub fn add(&mut self, packet: &Packet) -> Option<(u64, Value)> {
        let (id, rest) = packet.bytes.split_first_chunk()?;
        let (_, part) = rest.split_first()?;
        let number = (packet.process, packet.question);
        let begun = self.0.entry(number).or_default();
        // One that is too large stays a part, and is not used.
        if begun.len() + part.len() <= LARGEST {
            begun.extend(part);
        }
        if !is_last(packet) {
            return None;
        }
        let bytes = self.0.remove(&number)?;
        Some((u64::from_ne_bytes(*id), serde_json::from_slice(&bytes).ok()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::Kind;
    use serde_json::json;

    fn packet(question: u32, last: u8, text: &str) -> Packet {
        let bytes = [&7u64.to_ne_bytes()[..], &[last], text.as_bytes()].concat();
        Packet { kind: Kind::Show, process: 1, question, bytes }
    }

    #[test]
    fn parts_of_two_things_come_in_any_order() {
        let mut parts = Parts::default();
        assert_eq!(parts.add(&packet(1, 0, "{\"text/plain\": \"a")), None);
        assert_eq!(parts.add(&packet(2, 0, "{\"text/plain\": \"\u{fc}")), None);
        assert_eq!(parts.add(&packet(1, 1, "b\"}")), Some((7, json!({"text/plain": "ab"}))));
        assert_eq!(parts.add(&packet(2, 1, "\"}")), Some((7, json!({"text/plain": "\u{fc}"}))));
        assert_eq!(parts.add(&packet(3, 1, "no JSON")), None);
        assert_eq!(parts.add(&Packet { bytes: vec![1], ..packet(4, 1, "") }), None);
        assert!(parts.0.is_empty());
        let megabyte = "1".repeat(1 << 20);
        (0..20).for_each(|_| assert_eq!(parts.add(&packet(5, 0, &megabyte)), None));
        assert_eq!(parts.0[&(1, 5)].len(), LARGEST);
    }
}
