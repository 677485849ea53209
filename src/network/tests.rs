use super::server::{Answer, Server, by_connect, certificate, proxy};
use super::*;
use crate::interrupt::PRETENDED;
use std::io::{Read, Write};
use std::net::TcpStream;

fn client(variables: &[(&str, &str)]) -> Client {
    Client::new(&Environment::from(variables)).unwrap()
}

fn ask(client: &Client, url: &str) -> std::result::Result<super::Answer, Failure> {
    let (address, patience) = (Address::parse(url).unwrap(), client.for_questions);
    let request = Request { method: "GET", address: &address, token: None, from: 0, patience };
    client.ask(&request, |_, _| true)
}

fn error(client: &Client, url: &str) -> String {
    let failure = ask(client, url).err().unwrap();
    let message = failure.into_error(url).to_string();
    assert_eq!(message.lines().count(), 1, "{message}");
    message.strip_prefix(&format!("{url}: ")).unwrap_or(&message).to_owned()
}

fn by_socks(client: &mut TcpStream) -> (String, bool) {
    let mut two = [0; 2];
    client.read_exact(&mut two).unwrap();
    client.read_exact(&mut vec![0; two[1].into()]).unwrap();
    client.write_all(&[5, 0]).unwrap();
    let mut head = [0; 5];
    client.read_exact(&mut head).unwrap();
    // Asked to connect to a host by its name.
    assert_eq!(head[..4], [5, 1, 0, 3]);
    let mut name = vec![0; head[4].into()];
    client.read_exact(&mut name).unwrap();
    client.read_exact(&mut two).unwrap();
    client.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).unwrap();
    (String::from_utf8(name).unwrap(), true)
}

#[test]
fn a_proxy_looks_names_up_and_stands_in_between() {
    let server = Server::start(|_| Answer::status(200));
    let (http, wanted) =
        proxy(server.port, |client| (by_connect(client, "HTTP/1.1 200 Established\r\n\r\n"), true));
    let http = format!("http://{http}");
    assert_eq!(
        ask(&client(&[("http_proxy", &http)]), "http://hub.invalid/a").ok().unwrap().status(),
        200
    );
    assert_eq!(wanted.recv().unwrap(), "CONNECT hub.invalid:80 HTTP/1.1");
    let (socks, wanted) = proxy(server.port, by_socks);
    for scheme in ["socks5", "socks5h"] {
        let client = client(&[("ALL_PROXY", &format!("{scheme}://{socks}"))]);
        assert_eq!(ask(&client, "http://hub.invalid/b").ok().unwrap().status(), 200);
        assert_eq!(wanted.recv().unwrap(), "hub.invalid");
    }
    assert_eq!(server.asked(), ["GET /a", "GET /b", "GET /b"]);
    // What is not to go by it does not.
    let client = client(&[("http_proxy", "http://127.0.0.1:1"), ("NO_PROXY", "127.0.0.1")]);
    assert_eq!(ask(&client, &server.url()).ok().unwrap().status(), 200);
}

#[test]
fn a_proxy_that_refuses_is_named() {
    for (answer, remedy) in [
        (
            "HTTP/1.1 407 Who?\r\n\r\n",
            "wants a name and a password: set HTTPS_PROXY to http://name:",
        ),
        ("HTTP/1.1 403 No\r\n\r\n", "the proxy of HTTPS_PROXY refuses (403): ask who runs it"),
        ("HTTP/1.1 502 Gone\r\n\r\n", "the proxy of HTTPS_PROXY refuses (502)"),
        ("220 mail.example.com ESMTP\r\n\r\n", "check the network and HTTPS_PROXY"),
        ("", "the proxy of HTTPS_PROXY does not answer: check HTTPS_PROXY"),
    ] {
        let (address, _wanted) = proxy(0, move |client| (by_connect(client, answer), false));
        let client = client(&[("HTTPS_PROXY", &address)]);
        let message = error(&client, "https://hub.invalid/");
        assert!(message.contains(remedy), "{message}");
    }
}

#[test]
fn a_certificate_is_believed_if_a_variable_names_its_signer() {
    let server = Server::start_tls(|_| Answer::status(200));
    let url = format!("https://localhost:{}", server.port);
    let message = error(&client(&[]), &url);
    let expected = "the certificate of localhost is not trusted (UnknownIssuer): if a proxy of your \
                    network signs for it, set REQUESTS_CA_BUNDLE";
    assert!(message.starts_with(expected), "{message}");
    let file = certificate("ca.pem");
    for variable in ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"] {
        let client = client(&[(variable, file.to_str().unwrap())]);
        assert_eq!(ask(&client, &url).ok().unwrap().status(), 200, "{variable}");
    }
    let folder = [("SSL_CERT_DIR", file.parent().unwrap().to_str().unwrap())];
    assert_eq!(ask(&client(&folder), &url).ok().unwrap().status(), 200);
}

#[test]
fn a_busy_server_is_asked_again_a_few_times() {
    let server = Server::start(|_| Answer::status(503));
    let client = client(&[]);
    let answer = ask(&client, &server.url()).ok().unwrap();
    assert_eq!(busy(&answer).unwrap(), "the server answers 503: try again later");
    assert_eq!(server.asked().len(), 6);
    for (name, value) in [("Retry-After", "0"), ("RateLimit", "\"api\";r=0;t=0")] {
        let count = std::sync::atomic::AtomicUsize::new(0);
        let server = Server::start(move |_| {
            let first = count.fetch_add(1, std::sync::atomic::Ordering::Relaxed) == 0;
            let headers = vec![(name, value.to_owned())];
            Answer { headers, ..Answer::status(if first { 429 } else { 200 }) }
        });
        assert_eq!(ask(&client, &server.url()).ok().unwrap().status(), 200);
    }
}

#[test]
fn a_long_wait_is_told_and_not_waited() {
    for (name, value) in [("Retry-After", "3600"), ("ratelimit", "\"resolvers\";r=0;t=3600")] {
        let server = Server::start(move |_| Answer {
            headers: vec![(name, value.to_owned())],
            ..Answer::status(429)
        });
        let answer = ask(&client(&[]), &server.url()).ok().unwrap();
        assert_eq!(busy(&answer).unwrap(), "too many requests: wait 60 min 0 s");
        assert_eq!(server.asked().len(), 1);
    }
}

#[test]
fn a_silent_server_ends_in_a_sentence() {
    let server = Server::start(|_| Answer::silence());
    let message = error(&client(&[("HF_HUB_ETAG_TIMEOUT", "1")]), &server.url());
    let expected = "no answer of 127.0.0.1 in 1.0 s: check the network, or set HF_HUB_ETAG_TIMEOUT to more seconds";
    assert_eq!(message, expected);
    let wrong = Environment::from(&[("HF_HUB_ETAG_TIMEOUT", "soon")][..]);
    let message = Client::new(&wrong).err().unwrap().to_string();
    assert!(message.starts_with("HF_HUB_ETAG_TIMEOUT = soon: a whole number"), "{message}");
}

#[test]
fn the_stop_button_ends_each_wait() {
    let silent = Server::start(|_| Answer::silence());
    let busy = Server::start(|_| Answer {
        headers: vec![("Retry-After", "50".to_owned())],
        ..Answer::status(503)
    });
    PRETENDED.set(Some(true));
    for server in [silent, busy] {
        let url = server.url();
        assert_eq!(
            error(&client(&[]), &url),
            format!("the download of {url} was stopped: run the cell again")
        );
    }
}

#[test]
fn redirects_that_lead_nowhere_are_named() {
    let server = Server::start(|request| match request.path.as_str() {
        "/circle" => Answer::redirect(302, "/circle"),
        "/nowhere" => Answer::redirect(302, "http://"),
        _ => Answer::status(302),
    });
    let message = |path| error(&client(&[]), &format!("{}{path}", server.url()));
    assert!(message("/circle").starts_with("is redirected in a circle: "));
    assert!(message("/nowhere").contains("redirects to \"http://\", which is no address"));
    assert_eq!(ask(&client(&[]), &server.url()).ok().unwrap().status(), 302);
}

#[test]
fn what_the_system_says_becomes_one_sentence() {
    let address = Address::parse("https://hub").unwrap();
    let patience = client(&[]).for_files;
    let message = |error| failure::of(&error, &address, None, patience).into_message();
    let dead = message(ureq::Error::Timeout(ureq::Timeout::Resolve));
    assert_eq!(dead, "the name server doesn't say where hub is: check the network");
    assert_eq!(
        message(ureq::Error::HostNotFound),
        "no connection to hub (host not found): check the network"
    );
    let expired = "invalid peer certificate: certificate expired: verification time 9 (UNIX)";
    let expired = message(std::io::Error::other(expired).into());
    assert!(expired.contains("(certificate expired): check the clock"), "{expired}");
}
