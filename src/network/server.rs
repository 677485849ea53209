//! A server of the tests' own, which misbehaves as it is told.

use crate::interrupt::PRETENDED;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};

#[derive(Clone, Default, Debug)]
pub struct Request {
    pub method: String,
    pub host: String,
    pub path: String,
    pub token: Option<String>,
    pub from: usize,
}

pub struct Answer {
    /// None: the server says nothing at all.
    pub status: Option<u16>,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
    pub length: Length,
    /// After so many bytes of the body the connection breaks.
    pub cut: usize,
    /// At the end the connection stays open, without a word.
    pub hangs: bool,
}

/// What the server says about the length of the body.
pub enum Length {
    Right,
    Other(usize),
    Chunked,
    Unsaid,
}

impl Answer {
    pub fn status(status: u16) -> Answer {
        let (headers, body) = (Vec::new(), Vec::new());
        Answer {
            status: Some(status),
            headers,
            body,
            length: Length::Right,
            cut: usize::MAX,
            hangs: false,
        }
    }

    pub fn silence() -> Answer {
        Answer { status: None, hangs: true, ..Answer::status(200) }
    }

    pub fn page(status: u16) -> Answer {
        let kind = ("Content-Type", "text/html; charset=utf-8".to_owned());
        let body = b"<html>Welcome to the Grand Hotel! Please sign in.</html>".to_vec();
        Answer { headers: vec![kind], body, ..Answer::status(status) }
    }

    pub fn redirect(status: u16, location: impl Into<String>) -> Answer {
        Answer { headers: vec![("Location", location.into())], ..Answer::status(status) }
    }

    /// A content, or what is wanted of it.
    pub fn content(request: &Request, content: &[u8]) -> Answer {
        let (from, size) = (request.from, content.len());
        match from {
            0 => Answer { body: content.to_vec(), ..Answer::status(200) },
            _ if from >= size => Answer {
                headers: vec![("Content-Range", format!("bytes */{size}"))],
                ..Answer::status(416)
            },
            _ => Answer {
                headers: vec![("Content-Range", format!("bytes {from}-{}/{size}", size - 1))],
                body: content[from..].to_vec(),
                ..Answer::status(206)
            },
        }
    }
}

/// A running server and what it was asked.
pub struct Server {
    pub port: u16,
    pub requests: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    pub fn start(answer: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Server {
        Server::serve(answer, |stream| Box::new(stream))
    }

    /// One with the certificate of tests/fixtures/tls.
    pub fn start_tls(answer: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Server {
        use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
        let chain = CertificateDer::from_pem_file(certificate("server.pem")).unwrap();
        let key = PrivateKeyDer::from_pem_file(certificate("server.key")).unwrap();
        let config = rustls::ServerConfig::builder_with_provider(Arc::new(
            rustls::crypto::ring::default_provider(),
        ))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![chain], key)
        .unwrap();
        let config = Arc::new(config);
        Server::serve(answer, move |stream| {
            let connection = rustls::ServerConnection::new(config.clone()).unwrap();
            Box::new(rustls::StreamOwned::new(connection, stream))
        })
    }

    fn serve(
        answer: impl Fn(&Request) -> Answer + Send + Sync + 'static,
        wrap: impl Fn(TcpStream) -> Box<dyn Stream> + Send + Sync + 'static,
    ) -> Server {
        PRETENDED.set(Some(false));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (log, shared) = (requests.clone(), Arc::new((answer, wrap)));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (shared, log) = (shared.clone(), log.clone());
                std::thread::spawn(move || {
                    let mut stream = shared.1(stream.unwrap());
                    let Some(request) = read(&mut stream) else { return };
                    log.lock().unwrap().push(request.clone());
                    let answer = shared.0(&request);
                    // A client that has what it wants may be gone.
                    let _ = write(&mut stream, &request, &answer);
                    if answer.hangs {
                        let _ = stream.read(&mut [0]);
                    }
                });
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

    /// The first bytes that the requests so far wanted.
    pub fn from(&self) -> Vec<usize> {
        self.requests.lock().unwrap().iter().map(|request| request.from).collect()
    }

    /// The tokens of the requests so far.
    pub fn tokens(&self) -> Vec<Option<String>> {
        self.requests.lock().unwrap().iter().map(|request| request.token.clone()).collect()
    }
}

pub fn certificate(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tls").join(name)
}

pub trait Stream: Read + Write {}
impl<S: Read + Write> Stream for S {}

/// None, if the client is gone before it asked for something.
fn read(stream: &mut impl Read) -> Option<Request> {
    let mut lines = BufReader::with_capacity(1, stream).lines();
    let first = lines.next()?.ok()?;
    let mut words = first.split(' ').map(str::to_owned);
    let (method, path) = (words.next()?, words.next()?);
    let mut request = Request { method, path, ..Request::default() };
    for line in lines.map_while(Result::ok).take_while(|line| !line.is_empty()) {
        let (name, value) = line.split_once(": ")?;
        match name.to_lowercase().as_str() {
            "host" => request.host = value.to_owned(),
            "authorization" => request.token = Some(value.to_owned()),
            "accept-encoding" => assert_eq!(value, "identity"),
            "range" => request.from = value[6..].trim_end_matches('-').parse().unwrap(),
            _ => {}
        }
    }
    Some(request)
}

fn write(stream: &mut impl Write, request: &Request, answer: &Answer) -> std::io::Result<()> {
    let Some(status) = answer.status else { return Ok(()) };
    let mut head = format!("HTTP/1.1 {status} -\r\nConnection: close\r\n");
    for (name, value) in &answer.headers {
        head += &format!("{name}: {value}\r\n");
    }
    match answer.length {
        Length::Right => head += &format!("Content-Length: {}\r\n", answer.body.len()),
        Length::Other(length) => head += &format!("Content-Length: {length}\r\n"),
        Length::Chunked => head += "Transfer-Encoding: chunked\r\n",
        Length::Unsaid => {}
    }
    stream.write_all(format!("{head}\r\n").as_bytes())?;
    if request.method != "HEAD" {
        let body = &answer.body[..answer.cut.min(answer.body.len())];
        if matches!(answer.length, Length::Chunked) {
            stream.write_all(format!("{:x}\r\n", answer.body.len()).as_bytes())?;
            stream.write_all(body)?;
            if body.len() == answer.body.len() {
                let end: &[u8] = if body.is_empty() { b"\r\n" } else { b"\r\n0\r\n\r\n" };
                stream.write_all(end)?;
            }
        } else {
            stream.write_all(body)?;
        }
    }
    stream.flush()
}

/// A proxy that hands what a client asks for to `greet`, which says whether to let it through to
/// the only server there is.
pub fn proxy(
    to: u16,
    greet: impl Fn(&mut TcpStream) -> (String, bool) + Send + 'static,
) -> (String, Receiver<String>) {
    PRETENDED.set(Some(false));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (sender, wanted) = channel();
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let mut client = client.unwrap();
            let (host, lets) = greet(&mut client);
            let _ = sender.send(host);
            if lets {
                let mut server = TcpStream::connect(("127.0.0.1", to)).unwrap();
                let (mut back, mut to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
                std::thread::spawn(move || std::io::copy(&mut client, &mut to));
                std::thread::spawn(move || {
                    let _ = std::io::copy(&mut server, &mut back);
                    let _ = back.shutdown(std::net::Shutdown::Both);
                });
            }
        }
    });
    (address, wanted)
}

/// Lets a client ask for a tunnel. What it asked for.
pub fn by_connect(client: &mut TcpStream, answer: &str) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        client.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    client.write_all(answer.as_bytes()).unwrap();
    String::from_utf8(head).unwrap().lines().next().unwrap().to_owned()
}
