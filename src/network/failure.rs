//! What can go wrong on the network, and what to do about it.

use super::proxy::NamedProxy;
use super::{Address, Answer, LONGEST_WAIT, Patience};
use crate::display::seconds;
use crate::error::Error;
use std::io::ErrorKind;
use std::time::Duration;
use ureq::http::{HeaderMap, HeaderValue, Response};
use ureq::{Body, Timeout};

/// Why there is no answer.
pub enum Failure {
    /// By the stop button.
    Stopped,
    /// The connection ended too early: the next one may do better.
    Broken(String),
    Unreachable(String),
}

impl Failure {
    /// The error of the download of something.
    pub fn into_error(self, url: &str) -> Error {
        let message = match self {
            Failure::Stopped => return Error::Stopped(format!("the download of {url}")),
            Failure::Broken(message) => format!("{message}: run the cell again"),
            Failure::Unreachable(message) => message,
        };
        Error::Network { url: url.to_owned(), message }
    }

    pub fn into_message(self) -> String {
        match self {
            Failure::Stopped => "stopped".to_owned(),
            Failure::Broken(message) | Failure::Unreachable(message) => message,
        }
    }
}

/// How long to wait before a server that is busy is asked again, if it is busy: as it says itself.
pub fn wait_of(response: &Response<Body>) -> Option<Option<Duration>> {
    let status = response.status().as_u16();
    let busy = matches!(status, 408 | 429 | 500..);
    busy.then(|| said_wait(response.headers()))
}

/// The wait that the headers of an answer ask for: of a rate limit that is used up,
/// `"api";r=0;t=55`, else `Retry-After`.
fn said_wait(headers: &HeaderMap) -> Option<Duration> {
    let text = |name| headers.get(name)?.to_str().ok();
    let limit = text("RateLimit").and_then(|limit| {
        let parts = || limit.split(';').map(str::trim);
        parts().any(|part| part == "r=0").then_some(())?;
        parts().find_map(|part| part.strip_prefix("t="))
    });
    let wait = limit.or_else(|| text("Retry-After"))?.trim().parse().ok()?;
    Some(Duration::from_secs(wait))
}

/// What to do about a server that is busy, if it is.
pub fn busy(answer: &Answer) -> Option<String> {
    let wait = wait_of(&answer.response)?;
    Some(match (answer.status(), wait) {
        (429, Some(wait)) => {
            format!("too many requests: wait {}", seconds(wait.as_secs_f64()))
        }
        (429, None) => "too many requests: wait a minute".to_owned(),
        (status, Some(wait)) if wait > LONGEST_WAIT => {
            format!("the server answers {status}: wait {}", seconds(wait.as_secs_f64()))
        }
        (status, _) => format!("the server answers {status}: try again later"),
    })
}

/// Whether it is a web page: what a network that wants us to sign in answers to everything.
pub fn is_page(answer: &Answer) -> bool {
    answer.header("Content-Type").is_some_and(|kind| kind.to_lowercase().contains("html"))
}

pub fn no_address(from: &Address, location: &HeaderValue) -> Failure {
    let location = String::from_utf8_lossy(location.as_bytes());
    let host = from.host();
    Failure::Unreachable(format!(
        "{host} redirects to {location:?}, which is no address: try again later"
    ))
}

pub fn of(
    error: &ureq::Error,
    address: &Address,
    proxy: Option<&NamedProxy>,
    patience: Patience,
) -> Failure {
    // The last of several layers is what the system says.
    let whole = error.to_string();
    let text = whole.rsplit(": ").next().unwrap_or(&whole);
    let by = proxy.map_or(String::new(), |proxy| format!(" by the proxy of {}", proxy.variable));
    let remedy = match proxy {
        Some(proxy) => format!("check the network and {}", proxy.variable),
        None => "check the network".to_owned(),
    };
    let host = address.host();
    let broken = [ErrorKind::ConnectionReset, ErrorKind::BrokenPipe, ErrorKind::UnexpectedEof];
    Failure::Unreachable(match error {
        ureq::Error::Io(io) if broken.contains(&io.kind()) => {
            return Failure::Broken(format!("the connection to {host}{by} broke ({text})"));
        }
        ureq::Error::ConnectProxyFailed(answer) => refused_by_proxy(answer, proxy),
        ureq::Error::Timeout(Timeout::Resolve) => {
            format!("the name server doesn't say where {host} is: {remedy}")
        }
        ureq::Error::Timeout(_) => {
            let (time, variable) = (seconds(patience.time.as_secs_f64()), patience.variable);
            format!(
                "no answer of {host}{by} in {time}: {remedy}, or set {variable} to more seconds"
            )
        }
        ureq::Error::Protocol(_) | ureq::Error::LargeResponseHeader(..) => {
            format!("the answer of {host}{by} is not HTTP ({text}): {remedy}")
        }
        _ => match whole.split_once("invalid peer certificate: ") {
            Some((_, reason)) => bad_certificate(address, reason),
            None => format!("no connection to {host}{by} ({text}): {remedy}"),
        },
    })
}

fn refused_by_proxy(answer: &str, proxy: Option<&NamedProxy>) -> String {
    let variable = proxy.map_or("HTTPS_PROXY", |proxy| proxy.variable);
    let status = answer.rsplit('/').next().and_then(|status| status.parse::<u16>().ok());
    match status {
        Some(407) => format!(
            "the proxy wants a name and a password: set {variable} to \
             http://name:password@host:port"
        ),
        Some(status) => format!(
            "the proxy of {variable} refuses ({status}): ask who runs it, or unset {variable}"
        ),
        None => format!("the proxy of {variable} does not answer: check {variable}"),
    }
}

fn bad_certificate(address: &Address, reason: &str) -> String {
    let reason = reason.split([':', ';', '(', '{']).next().unwrap_or(reason).trim();
    let remedy = if reason.contains("expired") || reason.contains("not valid yet") {
        "check the clock of this machine"
    } else {
        "if a proxy of your network signs for it, set REQUESTS_CA_BUNDLE to the file with the \
         proxy's certificate"
    };
    format!("the certificate of {} is not trusted ({reason}): {remedy}", address.host())
}
