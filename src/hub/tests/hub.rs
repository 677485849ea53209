//! A hub on this machine that speaks as huggingface.co does in 2026.

use crate::download::{git_blob, sha256};
use crate::files::test_folder;
use crate::network::server::{Answer, Request, Server};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

pub const COMMIT: &str = "1234567890abcdef1234567890abcdef12345678";
/// What the hub calls the model in these tests.
pub const NAME: &str = "ada/tiny-bert";

/// The files of a model, by name.
pub type Files = BTreeMap<String, Vec<u8>>;

/// A hub with one model, and where it sends its clients for the large files.
pub struct Hub {
    pub server: Server,
    pub storage: Server,
}

/// The SHA-256 of a large file, what git calls a small one.
pub fn checksum(name: &str, content: &[u8]) -> String {
    if is_large(name) {
        return sha256(&mut &*content).unwrap();
    }
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let folder = test_folder(&format!("blob-{}", COUNT.fetch_add(1, Ordering::Relaxed)));
    std::fs::write(folder.join("file"), content).unwrap();
    let checksum = git_blob(&folder.join("file")).unwrap();
    std::fs::remove_dir_all(folder).unwrap();
    checksum
}

fn is_large(name: &str) -> bool {
    name.ends_with(".safetensors")
}

impl Hub {
    pub fn start(files: Files) -> Hub {
        Hub::change(files, |_, answer| answer, |_, answer| answer)
    }

    /// The hub of a model that was `old-name`, and `oldest-name` before: one redirect is relative,
    /// the other one is not. `hub` and `storage` change what it and the other host answer.
    pub fn change(
        files: Files,
        hub: impl Fn(&Request, Answer) -> Answer + Send + Sync + 'static,
        storage: impl Fn(&Request, Answer) -> Answer + Send + Sync + 'static,
    ) -> Hub {
        let large = files.clone();
        let storage = Server::start(move |request| {
            let file = request.path[1..].split('?').next().unwrap();
            storage(request, Answer::content(request, &large[file]))
        });
        let port = storage.port;
        let tags: BTreeMap<String, String> =
            files.iter().map(|(name, content)| (name.clone(), checksum(name, content))).collect();
        let server =
            Server::start(move |request| hub(request, answer(&files, &tags, request, port)));
        Hub { server, storage }
    }
}

fn answer(
    files: &Files,
    tags: &BTreeMap<String, String>,
    request: &Request,
    storage: u16,
) -> Answer {
    for (old, host) in [("old", String::new()), ("oldest", format!("http://{}", request.host))] {
        if let Some(path) = request.path.strip_prefix(&format!("/{old}-name/")) {
            return Answer::redirect(307, format!("{host}/{NAME}/{path}"));
        }
    }
    let cached = format!("/api/resolve-cache/models/{NAME}/{COMMIT}/");
    if let Some((file, _)) =
        request.path.strip_prefix(&cached).and_then(|path| path.split_once('?'))
    {
        let mut answer = Answer::content(request, &files[file]);
        answer.headers.push(("ETag", format!("W/\"{}\"", tags[file])));
        return with_commit(answer);
    }
    let path = request.path.strip_prefix(&format!("/{NAME}/resolve/"));
    let Some((_revision, file)) = path.and_then(|path| path.split_once('/')) else {
        return with_error(Answer::page(404), "RepoNotFound");
    };
    let Some(content) = files.get(file) else {
        return with_commit(with_error(Answer::page(404), "EntryNotFound"));
    };
    let tag = format!("\"{}\"", tags[file]);
    if !is_large(file) {
        return Answer::redirect(307, format!("{cached}{file}?etag=%22{}%22", tags[file]));
    }
    // Another host than 127.0.0.1.
    let mut answer =
        Answer::redirect(302, format!("http://localhost:{storage}/{file}?signature=1"));
    answer.headers.extend([
        ("X-Linked-Etag", tag),
        ("X-Linked-Size", content.len().to_string()),
        ("X-Xet-Hash", "0".repeat(64)),
        ("ETag", "\"other\"".to_owned()),
    ]);
    with_commit(answer)
}

fn with_commit(mut answer: Answer) -> Answer {
    answer.headers.push(("X-Repo-Commit", COMMIT.to_owned()));
    answer
}

pub fn with_error(mut answer: Answer, code: &str) -> Answer {
    answer.headers.push(("X-Error-Code", code.to_owned()));
    answer
}
