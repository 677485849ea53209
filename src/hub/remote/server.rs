//! Questions to the hub, and what its answers mean.

use crate::error::{Error, Result};
use crate::hub::name::Name;
use crate::hub::settings::Settings;
use crate::network::{Address, Answer, Client, Request, Token, busy, is_page};
use std::cell::{Cell, RefCell};

/// Whom huggingface_hub takes for the hub, besides the endpoint.
const HUBS: [&str; 3] =
    ["https://huggingface.co", "https://hf.co", "https://hub-ci.huggingface.co"];

/// A model on the hub, or on what stands in its place.
pub struct Server<'a> {
    client: &'a Client,
    name: &'a Name<'a>,
    address: Address,
    /// The model's address. Another one, as soon as a redirect has led to it.
    model: RefCell<String>,
    token: Option<Token>,
    /// Whether the token has turned out not to be good any more.
    is_expired: Cell<bool>,
}

impl<'a> Server<'a> {
    pub fn new(settings: &Settings, client: &'a Client, name: &'a Name<'a>) -> Result<Server<'a>> {
        let address = settings.server()?;
        let token = settings.token_for(&address)?;
        let model = RefCell::new(format!("{}/{}", settings.endpoint, name.repository));
        Ok(Server { client, name, address, model, token, is_expired: Cell::new(false) })
    }

    /// The token, if it is good.
    pub fn token(&self) -> Option<&Token> {
        self.token.as_ref().filter(|_| !self.is_expired.get())
    }

    /// What the hub says about a file of the model, if it has it, and the file's address there.
    pub fn head(&self, file: &str) -> Result<Option<(String, Answer)>> {
        let path = format!("/resolve/{}/{file}", self.name.quoted_revision());
        let url = format!("{}{path}", self.model.borrow());
        let mut answer = self.ask(&url, &path, self.token())?;
        if answer.status() == 401 && self.token().is_some() {
            let without = self.ask(&url, &path, None)?;
            if without.status() != 401 {
                println!("the hub does not accept your token: going on without it");
                self.is_expired.set(true);
                answer = without;
            }
        }
        let exists = self.judge(&url, &answer)?;
        Ok(exists.then_some((url, answer)))
    }

    /// Whether an answer says that there is such a file, or why it says nothing.
    fn judge(&self, url: &str, answer: &Answer) -> Result<bool> {
        let refused = |message: String| Error::Download { url: url.to_owned(), message };
        let is_hub = answer.header("X-Repo-Commit").is_some();
        let says = |name| answer.header(name).is_some();
        let of_hub = is_hub || says("X-Error-Code") || says("X-Error-Message");
        // Of a network that wants us to sign in, or that blocks the hub.
        if is_page(answer) && !of_hub && matches!(answer.status(), 200 | 401 | 403 | 404 | 451) {
            return Err(not_the_hub(url, "a web page answers in its place".to_owned()));
        }
        match (answer.status(), answer.header("X-Error-Code")) {
            (200, _) => Ok(true),
            (300..400, _) => match &answer.moved {
                Some(_) if is_hub => Ok(true),
                Some(to) => Err(not_the_hub(url, format!("it leads to {}", to.host()))),
                None => Err(not_the_hub(url, "it leads nowhere".to_owned())),
            },
            (404, Some("RevisionNotFound")) => {
                let revision = self.name.revision;
                Err(refused(format!("has no branch, tag or commit {revision}: check the spelling")))
            }
            (404, Some("RepoNotFound")) => {
                Err(refused("no such model: check the spelling".to_owned()))
            }
            (404, _) => Ok(false),
            (status, _) => Err(match busy(answer) {
                Some(message) => {
                    let is_429 = status == 429 && self.token().is_none();
                    let remedy = if is_429 { ", or set HF_TOKEN to your token" } else { "" };
                    Error::Network { url: url.to_owned(), message: format!("{message}{remedy}") }
                }
                None => refused(self.refusal(answer)),
            }),
        }
    }

    /// Asks about a file that has this path in the model.
    fn ask(&self, url: &str, path: &str, token: Option<&Token>) -> Result<Answer> {
        let address = Address::parse(url).ok_or_else(|| {
            let message = "no address: check HF_ENDPOINT".to_owned();
            Error::Download { url: url.to_owned(), message }
        })?;
        let patience = self.client.for_questions;
        let request = Request { method: "HEAD", address: &address, token, from: 0, patience };
        let answer = self.client.ask(&request, |from, to| {
            let follows = to.is_at(from) || self.is_hub(to);
            // A model with a new name is asked for by that one from now on.
            if let Some(model) = to.as_str().strip_suffix(path).filter(|_| follows) {
                self.model.replace(model.to_owned());
            }
            follows
        });
        answer.map_err(|failure| failure.into_error(url))
    }

    /// Whether a redirect there leads to the hub. One to another host leads to the file itself.
    fn is_hub(&self, address: &Address) -> bool {
        let known = HUBS.iter().filter_map(|hub| Address::parse(hub));
        address.is_at(&self.address) || known.into_iter().any(|hub| address.is_at(&hub))
    }

    fn refusal(&self, answer: &Answer) -> String {
        let code = answer.header("X-Error-Code");
        let said = answer.header("X-Error-Message").unwrap_or_default();
        match (answer.status(), self.token()) {
            _ if said.contains("disabled") => {
                "the hub has closed this model: take another".to_owned()
            }
            (401 | 403, _) if code == Some("GatedRepo") => {
                "the model is gated: ask for access on its page, and set HF_TOKEN to your token"
                    .to_owned()
            }
            (401, Some(_)) => {
                "no such model, a private one, or your token is no longer good: check \
                               the spelling, or set HF_TOKEN to a new token"
                    .to_owned()
            }
            (401 | 403, _) => "gated, private or no such model: check the spelling, or ask for \
                               access on its page and set HF_TOKEN to your token"
                .to_owned(),
            (status, _) => format!("the hub answers {status}: try again later"),
        }
    }
}

fn not_the_hub(url: &str, what: String) -> Error {
    let message = format!(
        "{what}, which is no Hugging Face hub: if this network wants you to sign in, do so in a \
         browser; else check HF_ENDPOINT"
    );
    Error::Network { url: url.to_owned(), message }
}
