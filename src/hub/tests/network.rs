//! Hubs and networks that do not do as they should.

use super::*;
use crate::network::server::{Request, by_connect, certificate, proxy};

/// What a search says when each question is answered like this, and whether the hub counts as out of
/// reach.
fn answered(answer: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> (String, bool) {
    let cache = test_folder(&format!("hub-answer-{:?}", std::thread::current().id()));
    let server = Server::start(answer);
    let settings = settings(&cache, server.url());
    let message = error(&settings, NAME);
    let unreachable = matches!(find_with(&settings, NAME), Err(Error::Network { .. }));
    assert!(!cache.join(CACHED).join("refs").exists());
    fs::remove_dir_all(cache).unwrap();
    (message, unreachable)
}

#[test]
fn what_the_hub_refuses_is_one_line_with_the_remedy() {
    for (status, remedy, expected) in [
        (401, "gated, private or no such model: check the spelling, or ask for access", false),
        (403, "set HF_TOKEN to your token", false),
        (404, "no such model, or one without a config.json: check the spelling", false),
        (418, "the hub answers 418: try again later", false),
        (429, "too many requests: wait a minute, or set HF_TOKEN to your token", true),
        (500, "the server answers 500: try again later", true),
        (504, "the server answers 504: try again later", true),
        (302, "it leads nowhere, which is no Hugging Face hub", true),
        (
            200,
            "has no X-Repo-Commit, so it is not that of a Hugging Face hub: check HF_ENDPOINT",
            true,
        ),
    ] {
        let (message, unreachable) = answered(move |_| Answer::status(status));
        assert!(message.contains(&format!("/{NAME}")) && message.contains(remedy), "{message}");
        assert_eq!(unreachable, expected, "{message}");
    }
    for (status, code, remedy) in [
        (401, "RepoNotFound", "gated, private or no such model"),
        (404, "RepoNotFound", "no such model: check the spelling"),
        (403, "GatedRepo", "the model is gated: ask for access on its page, and set HF_TOKEN"),
    ] {
        let (message, unreachable) = answered(move |_| with_error(Answer::status(status), code));
        assert!(message.contains(remedy) && !unreachable, "{message}");
    }
}

#[test]
fn a_page_to_sign_in_is_not_the_hub() {
    let hotel = "if this network wants you to sign in, do so in a browser; else check HF_ENDPOINT";
    for status in [200, 401, 403, 404, 451] {
        let (message, unreachable) = answered(move |_| Answer::page(status));
        assert!(message.contains("a web page answers in its place") && unreachable, "{message}");
        assert!(message.ends_with(hotel), "{message}");
    }
    let (message, unreachable) = answered(|_| Answer::redirect(308, "https://portal.hotel/login"));
    assert!(
        message.contains("it leads to portal.hotel, which is no Hug") && unreachable,
        "{message}"
    );
}

#[test]
fn without_a_network_there_is_one_line() {
    let cache = test_folder("hub-gone");
    // A port that nobody listens to: of a listener that is gone at once.
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let settings = settings(&cache, format!("http://{address}"));
    let message = error(&settings, NAME);
    assert!(
        message.contains("no connection to 127.0.0.1 (") && message.contains("check the net"),
        "{message}"
    );
    assert!(matches!(find_with(&settings, NAME), Err(Error::Network { .. })));
    assert!(matches!(find_with(&offline(&cache), NAME), Err(Error::Network { .. })));
    let (message, unreachable) = answered(|_| Answer::silence());
    assert!(message.contains("no answer of 127.0.0.1 in 1.0 s") && unreachable, "{message}");
    fs::remove_dir_all(cache).unwrap();
}

#[test]
fn the_token_goes_to_the_hub_and_to_no_other_host() {
    let cache = test_folder("hub-token");
    let hub = Hub::start(files(&[("model.safetensors", &weights())]));
    let mut settings = settings(&cache, hub.server.url());
    settings.token = Some("hf_secret".to_owned());
    find_with(&settings, NAME).unwrap();
    assert_eq!(hub.server.tokens(), vec![Some("Bearer hf_secret".to_owned()); 8]);
    assert_eq!(hub.storage.tokens(), [None]);
    fs::remove_dir_all(cache).unwrap();
}

#[test]
fn an_expired_token_does_not_keep_a_public_model_away() {
    let cache = test_folder("hub-expired");
    let all = files(&[("model.safetensors", &weights())]);
    let refuse = |request: &Request, answer| match &request.token {
        Some(_) => Answer {
            headers: vec![(
                "X-Error-Message",
                "Invalid credentials in Authorization header".to_owned(),
            )],
            ..Answer::status(401)
        },
        None => answer,
    };
    let hub = Hub::change(all, refuse, |_, answer| answer);
    let mut settings = settings(&cache, hub.server.url());
    settings.token = Some("hf_old".to_owned());
    find_with(&settings, NAME).unwrap();
    let tokens = hub.server.tokens();
    assert!(tokens[0].is_some() && tokens[1..].iter().all(Option::is_none), "{tokens:?}");
    // Of a model that isn't there for anybody, it may be the token's fault.
    let server = Server::start(|_| Answer::status(401));
    settings.endpoint = server.url();
    let message = error(&settings, "ada/other");
    assert!(message.contains("or your token is no longer good: check the spelling"), "{message}");
    fs::remove_dir_all(cache).unwrap();
}

#[test]
fn a_mirror_may_have_its_own_tags() {
    let cache = test_folder("hub-mirror");
    let mirror = |request: &Request, mut answer: Answer| {
        let other = match request.path.contains("/config.json") {
            true => "\"../6f-5d8/c\"",
            false => "W/\"1234567890ABCDEF1234567890abcdef12345678\"",
        };
        for (name, value) in &mut answer.headers {
            if *name == "ETag" {
                *value = other.to_owned();
            }
        }
        answer
    };
    let hub = Hub::change(files(&[("model.safetensors", b"1")]), mirror, |_, answer| answer);
    let folder = find_with(&settings(&cache, hub.server.url()), NAME).unwrap();
    for (name, content) in files(&[("model.safetensors", b"1")]) {
        assert_eq!(fs::read(folder.join(&name)).unwrap(), content, "{name}");
    }
    let blobs = names_in(&cache.join(CACHED).join("blobs"));
    assert!(blobs.contains(&"1234567890ABCDEF1234567890abcdef12345678".to_owned()), "{blobs:?}");
    assert_eq!(find_with(&offline(&cache), NAME).unwrap(), folder);
    fs::remove_dir_all(cache).unwrap();
}

#[test]
fn lengths_that_are_missing_or_wrong_do_no_harm() {
    for (name, length) in [
        ("chunked", (|| Length::Chunked) as fn() -> Length),
        ("unsaid", || Length::Unsaid),
        ("zero", || Length::Other(0)),
    ] {
        let cache = test_folder(&format!("hub-length-{name}"));
        let change = move |request: &Request, answer: Answer| match answer.status {
            // A GET whose length is wrong has no end.
            Some(200) if request.method == "HEAD" || name != "zero" => {
                Answer { length: length(), ..answer }
            }
            _ => answer,
        };
        let hub = Hub::change(files(&[("model.safetensors", &weights())]), change, change);
        let folder = find_with(&settings(&cache, hub.server.url()), NAME).unwrap();
        assert_eq!(fs::read(folder.join("config.json")).unwrap(), b"{}", "{name}");
        assert_eq!(fs::read(folder.join("model.safetensors")).unwrap(), weights(), "{name}");
        fs::remove_dir_all(cache).unwrap();
    }
}

#[test]
fn without_a_tag_it_is_no_hub() {
    let commit = ("X-Repo-Commit", COMMIT.to_owned());
    let (message, _) =
        answered(move |_| Answer { headers: vec![commit.clone()], ..Answer::status(200) });
    assert!(message.contains("the answer has no ETag, so it is not"), "{message}");
}

#[test]
fn too_many_requests_for_the_file_itself_are_named() {
    let cache = test_folder("hub-429");
    let all = files(&[("model.safetensors", &weights())]);
    let hub = Hub::change(all, |_, answer| answer, |_, _| Answer::status(429));
    let message = error(&settings(&cache, hub.server.url()), NAME);
    assert!(message.contains("too many requests: wait a minute"), "{message}");
    fs::remove_dir_all(cache).unwrap();
}

#[test]
fn a_mirror_may_lead_to_the_hub_which_gets_no_token() {
    let cache = test_folder("hub-308");
    // What stands in for huggingface.co, behind a proxy that leads to it.
    let all = files(&[("model.safetensors", b"1")]);
    let real = Server::start_tls(move |request| {
        let file = request.path.rsplit('/').next().unwrap();
        let Some(content) = all.get(file) else { return Answer::status(404) };
        let mut answer = Answer::content(request, content);
        answer.headers.push(("X-Repo-Commit", COMMIT.to_owned()));
        answer.headers.push(("ETag", format!("\"{}\"", checksum(file, content))));
        answer
    });
    let (through, wanted) =
        proxy(real.port, |client| (by_connect(client, "HTTP/1.1 200 OK\r\n\r\n"), true));
    let mirror = Server::start(|request| {
        Answer::redirect(308, format!("https://huggingface.co{}", request.path))
    });
    let mut settings = settings(&cache, mirror.url());
    settings.token = Some("hf_secret".to_owned());
    let file = certificate("ca.pem");
    let variables = [("HTTPS_PROXY", through.as_str()), ("SSL_CERT_FILE", file.to_str().unwrap())];
    settings.environment = Environment::from(&variables[..]);
    find_with(&settings, NAME).unwrap();
    assert_eq!(wanted.recv().unwrap(), "CONNECT huggingface.co:443 HTTP/1.1");
    assert!(real.tokens().iter().all(Option::is_none), "{:?}", real.tokens());
    // From then on the hub itself is asked.
    assert_eq!(mirror.tokens(), [Some("Bearer hf_secret".to_owned())]);
    fs::remove_dir_all(cache).unwrap();
}
