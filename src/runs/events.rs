//! Event files as TensorBoard reads them: records of TFRecord files
//! (<https://www.tensorflow.org/tutorials/load_data/tfrecord>), each an `Event` of `event.proto` with a
//! `Summary` of `summary.proto` (<https://github.com/tensorflow/tensorboard/tree/master/tensorboard/compat/proto>).

/// A message of protocol buffers (<https://protobuf.dev/programming-guides/encoding/>), field by field.
#[derive(Clone, Debug, Default)]
pub struct Message(Vec<u8>);

impl Message {
    fn varint(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.0.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
    }

    fn key(&mut self, field: u64, wire_type: u64) {
        self.varint(field << 3 | wire_type);
    }

    /// An integer, an enum, a boolean.
    pub fn integer(mut self, field: u64, value: u64) -> Message {
        self.key(field, 0);
        self.varint(value);
        self
    }

    pub fn double(mut self, field: u64, value: f64) -> Message {
        self.key(field, 1);
        self.0.extend(value.to_le_bytes());
        self
    }

    pub fn float(mut self, field: u64, value: f32) -> Message {
        self.key(field, 5);
        self.0.extend(value.to_le_bytes());
        self
    }

    pub fn bytes(mut self, field: u64, value: &[u8]) -> Message {
        self.key(field, 2);
        self.varint(value.len() as u64);
        self.0.extend(value);
        self
    }

    pub fn message(self, field: u64, value: &Message) -> Message {
        self.bytes(field, &value.0)
    }

    pub fn text(self, field: u64, value: &str) -> Message {
        self.bytes(field, value.as_bytes())
    }
}

/// The contents of an event file.
pub struct Events(Vec<u8>);

impl Events {
    /// Begins at a time, in seconds since 1970.
    pub fn new(time: f64) -> Events {
        let mut events = Events(Vec::new());
        events.record(&Message::default().double(1, time).text(3, "brain.Event:2"));
        events
    }

    /// A value of a summary.
    pub fn add(&mut self, time: f64, step: u64, value: &Message) {
        let summary = Message::default().message(1, value);
        self.record(&Message::default().double(1, time).integer(2, step).message(5, &summary));
    }

    /// A number of a curve.
    pub fn scalar(&mut self, time: f64, step: u64, tag: &str, value: f64) {
        self.add(time, step, &Message::default().text(1, tag).float(2, value as f32));
    }

    fn record(&mut self, event: &Message) {
        let length = (event.0.len() as u64).to_le_bytes();
        self.0.extend(length);
        self.0.extend(masked(crc32c(&length)).to_le_bytes());
        self.0.extend(&event.0);
        self.0.extend(masked(crc32c(&event.0)).to_le_bytes());
    }

    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

/// The checksum of a TFRecord, which is not that of the bytes, so that it can be part of such again.
fn masked(crc: u32) -> u32 {
    crc.rotate_right(15).wrapping_add(0xa282_ead8)
}

/// The cyclic redundancy check with Castagnoli's polynomial (RFC 3720, appendix B.4), bits reversed.
fn crc32c(bytes: &[u8]) -> u32 {
    let step = |crc: u32, byte: &u8| crc >> 8 ^ TABLE[usize::from(crc as u8 ^ byte)];
    !bytes.iter().fold(!0, step)
}

static TABLE: [u32; 256] = table();

const fn table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let (mut crc, mut bit) = (byte as u32, 0);
        while bit < 8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ 0x82f6_3b78 } else { crc >> 1 };
            bit += 1;
        }
        table[byte] = crc;
        byte += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_those_of_rfc_3720() {
        let up: Vec<u8> = (0..32).collect();
        let down: Vec<u8> = (0..32).rev().collect();
        for (bytes, expected) in [
            (&[0; 32][..], 0x8a91_36aa),
            (&[0xff; 32], 0x62a8_ab43),
            (&up, 0x46dd_794e),
            (&down, 0x113f_db5c),
            (b"123456789", 0xe306_9283),
            (b"", 0),
        ] {
            assert_eq!(crc32c(bytes), expected);
        }
    }

    #[test]
    fn fields_are_encoded_as_the_guide_says() {
        let inner = Message::default().integer(1, 150);
        assert_eq!(inner.0, [0x08, 0x96, 0x01]);
        assert_eq!(Message::default().message(3, &inner).0, [0x1a, 0x03, 0x08, 0x96, 0x01]);
        assert_eq!(Message::default().text(2, "testing").0, b"\x12\x07testing");
        assert_eq!(Message::default().float(2, 1.0).0, [0x15, 0, 0, 0x80, 0x3f]);
    }

    #[test]
    fn a_record_has_its_length_and_two_checksums() {
        let bytes = Events::new(0.0).into_bytes();
        let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
        assert_eq!(bytes.len(), 8 + 4 + length + 4);
        assert_eq!(bytes[8..12], masked(crc32c(&bytes[..8])).to_le_bytes());
        let event = &bytes[12..12 + length];
        assert_eq!(bytes[12 + length..], masked(crc32c(event)).to_le_bytes());
    }
}
