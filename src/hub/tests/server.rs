//! A hub on this machine that speaks as huggingface.co does.

use crate::download::Checksum;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

pub const COMMIT: &str = "1234567890abcdef1234567890abcdef12345678";

#[derive(Clone, Default)]
pub struct Request {
    pub method: String,
    pub host: String,
    pub path: String,
    pub token: Option<String>,
    pub from: usize,
}

pub struct Answer {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
    /// The connection breaks after so many bytes of the body.
    pub cut: usize,
}

impl Answer {
    pub fn status(status: u16) -> Answer {
        Answer { status, headers: Vec::new(), body: Vec::new(), cut: usize::MAX }
    }

    fn content(request: &Request, content: &[u8]) -> Answer {
        let (from, size) = (request.from, content.len());
        let range = format!("bytes {from}-{}/{size}", size - 1);
        let (status, headers) = if request.method == "GET" {
            (206, vec![("Content-Range", range)])
        } else {
            (200, vec![])
        };
        Answer { headers, body: content[from..].to_vec(), ..Answer::status(status) }
    }
}

/// A running server and what it was asked.
pub struct Server {
    pub port: u16,
    pub requests: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    pub fn start(answer: impl Fn(&Request) -> Answer + Send + 'static) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let log = requests.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let request = read(&stream);
                log.lock().unwrap().push(request.clone());
                write(&mut stream, &request, &answer(&request));
            }
        });
        Server { port, requests }
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The requests so far, as "METHOD path".
    pub fn asked(&self) -> Vec<String> {
        let requests = self.requests.lock().unwrap();
        requests.iter().map(|request| format!("{} {}", request.method, request.path)).collect()
    }
}

fn read(stream: &TcpStream) -> Request {
    let mut lines = BufReader::new(stream).lines().map(|line| line.unwrap());
    let first = lines.next().unwrap_or_default();
    let mut words = first.split(' ').map(str::to_owned);
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let mut request = Request { method, path, ..Request::default() };
    for line in lines.take_while(|line| !line.is_empty()) {
        let (name, value) = line.split_once(": ").unwrap();
        match name.to_lowercase().as_str() {
            "host" => request.host = value.to_owned(),
            "authorization" => request.token = Some(value.to_owned()),
            "range" => request.from = value[6..].trim_end_matches('-').parse().unwrap(),
            _ => {}
        }
    }
    request
}

fn write(stream: &mut TcpStream, request: &Request, answer: &Answer) {
    let mut head = format!("HTTP/1.1 {} -\r\nConnection: close\r\n", answer.status);
    for (name, value) in &answer.headers {
        head += &format!("{name}: {value}\r\n");
    }
    head += &format!("Content-Length: {}\r\n\r\n", answer.body.len());
    let body = if request.method == "HEAD" { &[] } else { answer.body.as_slice() };
    // A client that has what it wants may be gone.
    let _ = stream.write_all(head.as_bytes());
    let _ = stream.write_all(&body[..answer.cut.min(body.len())]);
}

/// The files of a model, by name.
pub type Files = BTreeMap<String, Vec<u8>>;

/// A hub with one model, and where it sends its clients for the large files.
pub struct Hub {
    pub server: Server,
    pub storage: Server,
}

/// The SHA-256 of a large file, what git calls a small one.
pub fn checksum(name: &str, content: &[u8]) -> String {
    let kind = if is_large(name) { Checksum::Sha256("") } else { Checksum::GitBlob("") };
    kind.of(&mut &*content, content.len() as u64).unwrap()
}

fn is_large(name: &str) -> bool {
    name.ends_with(".safetensors")
}

impl Hub {
    /// The hub of a model that was `old-name`, and `oldest-name` before: one redirect is relative,
    /// the other one is not. `storage` changes what the other host answers.
    pub fn start(
        name: &'static str,
        files: Files,
        storage: impl Fn(&Request, Answer) -> Answer + Send + 'static,
    ) -> Hub {
        let large = files.clone();
        let storage = Server::start(move |request| {
            storage(request, Answer::content(request, &large[&request.path[1..]]))
        });
        let port = storage.port;
        let server = Server::start(move |request| {
            for (old, host) in
                [("old", String::new()), ("oldest", format!("http://{}", request.host))]
            {
                if let Some(path) = request.path.strip_prefix(&format!("/{old}-name/")) {
                    let headers = vec![("Location", format!("{host}/{name}/{path}"))];
                    return Answer { headers, ..Answer::status(307) };
                }
            }
            let file = request.path.strip_prefix(&format!("/{name}/resolve/main/"));
            let Some((file, content)) = file.and_then(|file| files.get_key_value(file)) else {
                return Answer::status(404);
            };
            let tag = format!("\"{}\"", checksum(file, content));
            let mut answer = if is_large(file) {
                // Another host than 127.0.0.1.
                let location = format!("http://localhost:{port}/{file}");
                let size = content.len().to_string();
                let linked = vec![("X-Linked-Etag", tag), ("X-Linked-Size", size)];
                let mut answer = Answer { headers: linked, ..Answer::status(302) };
                answer.headers.extend([("ETag", "\"other\"".to_owned()), ("Location", location)]);
                answer
            } else {
                let mut answer = Answer::content(request, content);
                answer.headers.push(("ETag", format!("W/{tag}")));
                answer
            };
            answer.headers.push(("X-Repo-Commit", COMMIT.to_owned()));
            answer
        });
        Hub { server, storage }
    }
}
