//! Jupyter's messages, as they go over the wire.
//!
//! Contents stay JSON: what a front end sends that this kernel doesn't know is passed on unharmed.
//! <https://jupyter-client.readthedocs.io/en/stable/messaging.html>

use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use zeromq::ZmqMessage;

const DELIMITER: &[u8] = b"<IDS|MSG>";
/// Signature, header, parent header, metadata, content.
const PARTS: usize = 5;

/// The key that both sides of a connection sign with.
#[derive(Clone)]
pub struct Key(Option<Hmac<Sha256>>);

impl Key {
    /// The key of a connection file. An empty one means that nothing is signed.
    pub fn new(key: &str) -> Key {
        Key(Hmac::new_from_slice(key.as_bytes()).ok().filter(|_| !key.is_empty()))
    }

    fn digest(&self, parts: &[Bytes]) -> Option<Hmac<Sha256>> {
        let mut mac = self.0.clone()?;
        parts.iter().for_each(|part| mac.update(part));
        Some(mac)
    }

    fn sign(&self, parts: &[Bytes]) -> String {
        let digest = self.digest(parts).map(|mac| mac.finalize().into_bytes());
        digest.iter().flatten().map(|byte| format!("{byte:02x}")).collect()
    }

    fn agrees(&self, parts: &[Bytes], signature: &[u8]) -> bool {
        let Some(mac) = self.digest(parts) else { return true };
        let hex = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
        let bytes: Option<Vec<u8>> = signature.chunks(2).map(hex).collect();
        bytes.is_some_and(|bytes| mac.verify_slice(&bytes).is_ok())
    }
}

/// One message.
#[derive(Clone, Debug, Default)]
pub struct Message {
    /// Whom a ROUTER's message came from, and whom a reply goes to.
    pub identities: Vec<Bytes>,
    /// `msg_id`, `msg_type`, `session`, ..
    pub header: Value,
    /// The header of the request that this message belongs to.
    pub parent: Value,
    /// Whatever a front end keeps there.
    pub metadata: Value,
    /// What the message says.
    pub content: Value,
}

impl Message {
    /// A message of this kernel's own that answers nobody.
    pub fn new(kind: &str, content: Value) -> Message {
        let header = json!({
            "msg_id": uuid::Uuid::new_v4().to_string(),
            "msg_type": kind,
            "session": session(),
            "username": "kernel",
            "date": now(),
            "version": "5.4",
        });
        Message { header, parent: json!({}), metadata: json!({}), content, identities: Vec::new() }
    }

    /// A message that belongs to this request.
    pub fn child(&self, kind: &str, content: Value) -> Message {
        Message { parent: self.header.clone(), ..Message::new(kind, content) }
    }

    /// The reply to this request: `execute_request` becomes `execute_reply`.
    pub fn reply(&self, content: Value) -> Message {
        let kind = self.kind().replace("_request", "_reply");
        Message { identities: self.identities.clone(), ..self.child(&kind, content) }
    }

    /// The type of the message.
    pub fn kind(&self) -> &str {
        self.header["msg_type"].as_str().unwrap_or_default()
    }

    /// What tells it from all others.
    pub fn id(&self) -> &str {
        self.header["msg_id"].as_str().unwrap_or_default()
    }

    /// Whether it belongs to this request.
    pub fn belongs_to(&self, request: &Message) -> bool {
        self.parent["msg_id"].as_str() == Some(request.id())
    }

    /// Whether it says that a request has been dealt with.
    pub fn is_idle(&self) -> bool {
        self.kind() == "status" && self.content["execution_state"] == "idle"
    }

    /// The code of an execute, complete or inspect request.
    pub fn code(&self) -> &str {
        self.content["code"].as_str().unwrap_or_default()
    }

    /// A yes or no in the content.
    pub fn flag(&self, name: &str, otherwise: bool) -> bool {
        self.content[name].as_bool().unwrap_or(otherwise)
    }

    /// For the wire.
    pub fn to_wire(&self, key: &Key) -> ZmqMessage {
        let parts = [&self.header, &self.parent, &self.metadata, &self.content];
        let parts: Vec<Bytes> = parts.map(|part| part.to_string().into()).into();
        let mut wire = ZmqMessage::from(Bytes::from(key.sign(&parts)));
        wire.push_front(Bytes::from_static(DELIMITER));
        self.identities.iter().rev().for_each(|identity| wire.push_front(identity.clone()));
        parts.into_iter().for_each(|part| wire.push_back(part));
        wire
    }

    /// From the wire; None for what is no message, or is signed with another key.
    pub fn from_wire(wire: ZmqMessage, key: &Key) -> Option<Message> {
        let mut identities = wire.into_vec();
        let delimiter = identities.iter().position(|part| part == DELIMITER)?;
        let parts = identities.split_off(delimiter + 1);
        identities.pop();
        let (signature, parts) = parts.get(..PARTS)?.split_first()?;
        if !key.agrees(parts, signature) {
            return None;
        }
        let json = |part: &Bytes| {
            let value = serde_json::from_slice::<Value>(part);
            value.or_else(|_| serde_json::from_str(&of_whole_characters(part))).ok()
        };
        Some(Message {
            identities,
            header: json(&parts[0])?,
            parent: json(&parts[1])?,
            metadata: json(&parts[2])?,
            content: json(&parts[3])?,
        })
    }
}

/// JSON where half a character became "�". A text that was cut in the middle of an emoji has one, which
/// JavaScript writes as half a pair of surrogates, and readers of JSON refuse.
fn of_whole_characters(json: &[u8]) -> String {
    let json = String::from_utf8_lossy(json);
    let surrogate = |at: usize| {
        let digits = json.get(at..at + 6)?.strip_prefix("\\u")?;
        u16::from_str_radix(digits, 16).ok().filter(|unit| (0xD800..0xE000).contains(unit))
    };
    let (mut whole, mut at) = (String::with_capacity(json.len()), 0);
    while let Some(next) = json[at..].chars().next() {
        let is_escape = next == '\\' && at + 1 < json.len();
        let length = match (surrogate(at), surrogate(at + 6)) {
            (Some(..0xDC00), Some(0xDC00..)) => 12,
            (Some(_), _) => {
                whole.push('\u{FFFD}');
                at += 6;
                continue;
            }
            // The sign behind a backslash begins no escape of its own.
            _ if is_escape => 1 + json[at + 1..].chars().next().map_or(0, char::len_utf8),
            _ => next.len_utf8(),
        };
        whole.push_str(&json[at..at + length]);
        at += length;
    }
    whole
}

/// One name for all that this kernel says.
fn session() -> &'static str {
    static SESSION: std::sync::OnceLock<String> = std::sync::OnceLock::new();
    SESSION.get_or_init(|| uuid::Uuid::new_v4().to_string())
}

/// The time as `2026-11-25T10:20:30.123456Z`.
fn now() -> String {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let since = since.unwrap_or_default();
    let (year, month, day) = date((since.as_secs() / 86_400) as i64);
    let second = since.as_secs() % 86_400;
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{:06}Z",
        second / 3600,
        second / 60 % 60,
        second % 60,
        since.subsec_micros()
    )
}

/// Year, month and day from the days since 1970, counted in years that begin in March.
fn date(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_comes_back_as_it_was_sent() {
        let key = Key::new("secret");
        let mut message = Message::new("execute_request", json!({"code": "1 + 1 // ü"}));
        message.identities = vec![Bytes::from_static(b"client")];
        message.metadata = json!({"cellId": "a"});
        let again = Message::from_wire(message.to_wire(&key), &key).unwrap();
        assert_eq!(again.identities, message.identities);
        assert_eq!(again.code(), "1 + 1 // ü");
        assert_eq!(again.metadata["cellId"], "a");
        assert!(Message::from_wire(message.to_wire(&key), &Key::new("other")).is_none());
        assert!(Message::from_wire(message.to_wire(&Key::new("")), &Key::new("")).is_some());
    }

    #[test]
    fn what_is_no_message_is_none() {
        let key = Key::new("");
        for parts in
            [vec!["x"], vec!["<IDS|MSG>", ""], vec!["<IDS|MSG>", "", "{", "{}", "{}", "{}"]]
        {
            let mut wire = ZmqMessage::from(parts[0]);
            parts[1..].iter().for_each(|part| wire.push_back(Bytes::from(part.to_string())));
            assert!(Message::from_wire(wire, &key).is_none(), "{parts:?}");
        }
    }

    #[test]
    fn half_a_character_is_no_reason_not_to_answer() {
        let read = |content: &[u8]| {
            let mut wire = ZmqMessage::from("<IDS|MSG>");
            for part in [&b""[..], b"{}", b"{}", b"{}", content] {
                wire.push_back(Bytes::copy_from_slice(part));
            }
            Some(Message::from_wire(wire, &Key::new(""))?.code().to_owned())
        };
        for (code, wanted) in [
            (r#""a \ud83d b""#, "a \u{FFFD} b"),
            (r#""\ude00\ud83d""#, "\u{FFFD}\u{FFFD}"),
            (r#""\ud83d\ude00 \ud83d\ud83d\ude00\n\"""#, "😀 \u{FFFD}😀\n\""),
            (r#""é \\ud83d \ud83d""#, "é \\ud83d \u{FFFD}"),
            (r#""\ud83d\u0041""#, "\u{FFFD}A"),
        ] {
            let content = format!("{{\"code\": {code}}}");
            assert_eq!(read(content.as_bytes()).as_deref(), Some(wanted), "{code}");
        }
        assert_eq!(read(b"{\"code\": \"a\xff\"}").as_deref(), Some("a\u{FFFD}"));
        assert_eq!(read(b"{\"code\": \"\\"), None);
    }

    #[test]
    fn a_reply_goes_back_to_its_sender() {
        let mut request = Message::new("kernel_info_request", json!({}));
        request.identities = vec![Bytes::from_static(b"client")];
        let reply = request.reply(json!({}));
        assert_eq!(reply.kind(), "kernel_info_reply");
        assert_eq!(reply.identities, request.identities);
        assert!(reply.belongs_to(&request));
    }

    #[test]
    fn dates_are_those_of_the_calendar() {
        for (days, wanted) in [(0, (1970, 1, 1)), (19_782, (2024, 2, 29)), (20_782, (2026, 11, 25))]
        {
            assert_eq!(date(days), wanted);
        }
    }
}
