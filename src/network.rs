//! Requests by HTTP, with the proxies, certificates and time-outs of the environment. Each is made
//! in a thread of its own: a network that does not answer must not keep Jupyter's stop button from
//! working.

mod address;
mod certificates;
mod failure;
mod proxy;
#[cfg(test)]
pub mod server;
#[cfg(test)]
mod tests;

use crate::display::seconds;
use crate::environment::Environment;
use crate::error::{Error, Result};
use crate::interrupt::Interrupt;
pub use address::Address;
pub use failure::{Failure, busy, is_page};
use proxy::{NamedProxy, Proxies};
use std::cell::RefCell;
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};
use ureq::http::{self, header};
use ureq::tls::TlsConfig;
use ureq::{Agent, Body};

/// How often a wait looks whether it is over.
pub const LOOK: Duration = Duration::from_millis(100);
/// A server that is busy is asked again so often, after pauses that grow from this one.
const RETRIES: u32 = 5;
const PAUSE: Duration = Duration::from_millis(if cfg!(test) { 1 } else { 1000 });
const LONGEST_PAUSE: Duration = Duration::from_secs(8);
/// A server that asks for a longer wait than this is taken for one that refuses.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
const REDIRECTS: usize = 10;

/// Makes requests as long as the stop button has not been pressed.
pub struct Client {
    pub interrupt: Interrupt,
    /// For what is asked about a file.
    pub for_questions: Patience,
    /// For the files themselves.
    pub for_files: Patience,
    proxies: Proxies,
    tls: TlsConfig,
    /// They keep connections open, each for its proxy and its patience.
    agents: RefCell<Vec<(Option<&'static str>, Duration, Agent)>>,
}

/// How long a server may be silent, and the variable that says so.
#[derive(Clone, Copy)]
pub struct Patience {
    pub time: Duration,
    pub variable: &'static str,
}

/// A secret for one server.
#[derive(Clone)]
pub struct Token {
    pub secret: String,
    pub server: Address,
}

/// What is asked for.
pub struct Request<'a> {
    /// "HEAD" or "GET".
    pub method: &'static str,
    pub address: &'a Address,
    pub token: Option<&'a Token>,
    /// The first byte that is wanted.
    pub from: u64,
    pub patience: Patience,
}

/// An answer of any status but a redirect that was followed.
pub struct Answer {
    /// Who answers, after the redirects.
    pub address: Address,
    /// Where a redirect leads that was not followed.
    pub moved: Option<Address>,
    pub response: http::Response<Body>,
}

impl Answer {
    pub fn status(&self) -> u16 {
        self.response.status().as_u16()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.response.headers().get(name)?.to_str().ok()
    }

    /// How the body is compressed, if it is.
    pub fn encoding(&self) -> Option<&str> {
        self.header("Content-Encoding")
            .filter(|encoding| !encoding.eq_ignore_ascii_case("identity"))
    }
}

impl Client {
    /// # Errors
    /// [`Error::Argument`] for a variable that can't be used.
    pub fn new(environment: &Environment) -> Result<Client> {
        let certificates = certificates::certificates(environment)?;
        Ok(Client {
            interrupt: Interrupt::listen(),
            for_questions: Patience::of(environment, "HF_HUB_ETAG_TIMEOUT")?,
            for_files: Patience::of(environment, "HF_HUB_DOWNLOAD_TIMEOUT")?,
            proxies: Proxies::of(environment)?,
            tls: TlsConfig::builder().root_certs(certificates).build(),
            agents: RefCell::default(),
        })
    }

    /// The answer after all redirects of which `follows` says so.
    pub fn ask(
        &self,
        request: &Request<'_>,
        follows: impl Fn(&Address, &Address) -> bool,
    ) -> std::result::Result<Answer, Failure> {
        let mut address = request.address.clone();
        for _ in 0..REDIRECTS {
            let response = self.ask_patiently(request, &address)?;
            let location = response.headers().get(header::LOCATION);
            let Some(location) = location.filter(|_| response.status().is_redirection()) else {
                return Ok(Answer { address, moved: None, response });
            };
            let to = location.to_str().ok().and_then(|location| address.join(location));
            let to = to.ok_or_else(|| failure::no_address(&address, location))?;
            if !follows(&address, &to) {
                return Ok(Answer { address, moved: Some(to), response });
            }
            address = to;
        }
        Err(Failure::Unreachable("is redirected in a circle: try again later".to_owned()))
    }

    /// Asks again what is busy, or whose connection broke.
    fn ask_patiently(
        &self,
        request: &Request<'_>,
        address: &Address,
    ) -> std::result::Result<http::Response<Body>, Failure> {
        let (mut pause, mut left) = (PAUSE, RETRIES);
        loop {
            let outcome = self.ask_once(request, address);
            let (why, wait) = match &outcome {
                Err(Failure::Broken(why)) => (why.clone(), None),
                Err(_) => return outcome,
                Ok(response) => match failure::wait_of(response) {
                    Some(wait) => (format!("answers {}", response.status().as_u16()), wait),
                    None => return outcome,
                },
            };
            let wait = wait.unwrap_or_default().max(pause);
            if left == 0 || wait > LONGEST_WAIT {
                return outcome;
            }
            println!("{}: {why}; asked again in {}", address.host(), seconds(wait.as_secs_f64()));
            self.wait(wait)?;
            (pause, left) = ((2 * pause).min(LONGEST_PAUSE), left - 1);
        }
    }

    /// Waits, unless it is stopped.
    pub fn wait(&self, length: Duration) -> std::result::Result<(), Failure> {
        let end = Instant::now() + length;
        while !self.interrupt.happened() {
            match end.saturating_duration_since(Instant::now()) {
                Duration::ZERO => return Ok(()),
                left => std::thread::sleep(left.min(LOOK)),
            }
        }
        Err(Failure::Stopped)
    }

    /// Why a body ended too early.
    pub fn why(&self, error: std::io::Error, address: &Address) -> String {
        let proxy = self.proxies.proxy_for(address);
        failure::of(&error.into(), address, proxy, self.for_files).into_message()
    }

    fn ask_once(
        &self,
        request: &Request<'_>,
        address: &Address,
    ) -> std::result::Result<http::Response<Body>, Failure> {
        let proxy = self.proxies.proxy_for(address);
        let failed = |error: ureq::Error| failure::of(&error, address, proxy, request.patience);
        let agent = self.agent(proxy, request.patience);
        let request = built(request, address).map_err(|error| failed(error.into()))?;
        let (sender, answers) = sync_channel(1);
        let thread = std::thread::Builder::new().spawn(move || {
            let _ = sender.send(agent.run(request));
        });
        thread.map_err(|error| failed(error.into()))?;
        loop {
            match answers.recv_timeout(LOOK) {
                Ok(answer) => return answer.map_err(failed),
                Err(_) if self.interrupt.happened() => return Err(Failure::Stopped),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(Failure::Unreachable("no answer; run the cell again".to_owned()));
                }
            }
        }
    }

    fn agent(&self, proxy: Option<&NamedProxy>, patience: Patience) -> Agent {
        let (name, time) = (proxy.map(|proxy| proxy.variable), patience.time);
        let mut agents = self.agents.borrow_mut();
        if let Some((.., agent)) = agents.iter().find(|(a, b, _)| (*a, *b) == (name, time)) {
            return agent.clone();
        }
        // A status is for the caller to judge, and so is a redirect.
        let agent: Agent = Agent::config_builder()
            .proxy(proxy.map(|proxy| proxy.proxy.clone()))
            .tls_config(self.tls.clone())
            .timeout_resolve(Some(time))
            .timeout_connect(Some(time))
            .timeout_send_request(Some(time))
            .timeout_recv_response(Some(time))
            .timeout_per_read(Some(time))
            .http_status_as_error(false)
            .max_redirects(0)
            // The sizes and the checksums are those of the plain files.
            .accept_encoding("identity")
            .build()
            .into();
        agents.push((name, time, agent.clone()));
        agent
    }
}

fn built(request: &Request<'_>, address: &Address) -> http::Result<http::Request<()>> {
    let mut built = http::Request::builder().method(request.method).uri(address.as_str());
    if let Some(token) = request.token.filter(|token| address.is_at(&token.server)) {
        built = built.header(header::AUTHORIZATION, format!("Bearer {}", token.secret));
    }
    // An empty file has no first byte.
    if request.from > 0 {
        built = built.header(header::RANGE, format!("bytes={}-", request.from));
    }
    built.body(())
}

impl Patience {
    /// Ten seconds, as in Python, unless a variable says otherwise.
    fn of(environment: &Environment, variable: &'static str) -> Result<Patience> {
        let text = environment.text(variable).map_or("10", str::trim);
        let time = match text.parse() {
            Ok(0) => Duration::from_secs(10),
            // Longer than a year is not waited, nor calculated with.
            Ok(seconds) => Duration::from_secs(u64::min(seconds, 1 << 25)),
            Err(_) => {
                return Err(Error::argument(
                    variable,
                    text,
                    "a whole number of seconds, or unset it",
                ));
            }
        };
        Ok(Patience { time, variable })
    }
}
