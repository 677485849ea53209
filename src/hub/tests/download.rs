//! Models that come from the hub.

use super::*;

#[test]
fn a_model_is_downloaded_once_into_pythons_layout() {
    let cache = test_folder("hub-single");
    let all = files(&[("model.safetensors", &weights())]);
    let hub = Hub::start(NAME, all.clone(), |_, answer| answer);
    let folder = find_with(&settings(&cache, hub.server.url()), NAME).unwrap();
    let cached = cache.join(CACHED);
    assert_eq!(folder, cached.join("snapshots").join(COMMIT));
    assert_eq!(fs::read_to_string(cached.join("refs/main")).unwrap(), COMMIT);
    let mut blobs = Vec::new();
    for (name, content) in &all {
        let checksum = checksum(name, content);
        let target = fs::read_link(folder.join(name)).unwrap();
        assert_eq!(target, Path::new("../../blobs").join(&checksum));
        assert_eq!(&fs::read(folder.join(name)).unwrap(), content);
        blobs.push(checksum);
    }
    blobs.sort();
    assert_eq!(names_in(&cached.join("blobs")), blobs, "no locks and no parts");
    assert_eq!(find_with(&offline(&cache), NAME).unwrap(), folder);
    fs::remove_dir_all(cache).unwrap();
}

#[test]
fn a_model_in_several_files_is_downloaded() {
    let cache = test_folder("hub-sharded");
    let all = files(&[
        ("model.safetensors.index.json", INDEX),
        ("model-00001-of-00002.safetensors", b"first"),
        ("model-00002-of-00002.safetensors", b"second"),
    ]);
    let hub = Hub::start(NAME, all.clone(), |_, answer| answer);
    let folder = find_with(&settings(&cache, hub.server.url()), NAME).unwrap();
    assert_eq!(names_in(&folder), all.into_keys().collect::<Vec<_>>());
    assert_eq!(fs::read(folder.join("model-00002-of-00002.safetensors")).unwrap(), b"second");
    assert_eq!(find_with(&offline(&cache), NAME).unwrap(), folder);
    fs::remove_dir_all(cache).unwrap();
}

#[test]
fn a_model_of_the_time_before_safetensors_is_downloaded() {
    let old = |others: &[(&str, &str)]| -> Files {
        let all = [("config.json", "{}"), ("pytorch_model.bin", "weights")];
        let all = all.iter().chain(others);
        all.map(|(name, content)| ((*name).to_owned(), content.as_bytes().to_vec())).collect()
    };
    let of_words = old(&[("vocab.txt", "a"), ("tokenizer_config.json", "{}")]);
    let of_bytes =
        old(&[("vocab.json", "{}"), ("merges.txt", ""), ("special_tokens_map.json", "{}")]);
    for all in [of_words, of_bytes] {
        let cache = test_folder("hub-old");
        let hub = Hub::start(NAME, all.clone(), |_, answer| answer);
        let folder = find_with(&settings(&cache, hub.server.url()), NAME).unwrap();
        assert_eq!(names_in(&folder), all.into_keys().collect::<Vec<_>>());
        assert_eq!(find_with(&offline(&cache), NAME).unwrap(), folder);
        fs::remove_dir_all(cache).unwrap();
    }
    // Half of a tokenizer is none.
    let cache = test_folder("hub-old");
    let hub = Hub::start(NAME, old(&[("vocab.json", "{}")]), |_, answer| answer);
    let message = error(&settings(&cache, hub.server.url()), NAME);
    assert!(message.contains("the model has no merges.txt"), "{message}");
    fs::remove_dir_all(cache).unwrap();
}

#[test]
fn an_index_may_not_name_a_file_elsewhere() {
    let cache = test_folder("hub-malicious");
    for shard in ["../../../../evil.safetensors", "/tmp/evil.safetensors", "config.json", ""] {
        let index = format!("{{\"weight_map\": {{\"a\": \"{shard}\"}}}}");
        let index = ("model.safetensors.index.json", index.as_bytes());
        let hub = Hub::start(NAME, files(&[index]), |_, answer| answer);
        let message = error(&settings(&cache, hub.server.url()), NAME);
        assert!(message.contains(&format!("names \"{shard}\", which is no")), "{message}");
        assert!(!hub.server.asked().iter().any(|asked| asked.contains("evil")));
        assert!(!cache.join(CACHED).join("snapshots").exists());
    }
    for (index, why) in [("{", "not JSON"), ("{\"weight_map\": {}}", "no index of weights")] {
        let index = ("model.safetensors.index.json", index.as_bytes());
        let hub = Hub::start(NAME, files(&[index]), |_, answer| answer);
        let message = error(&settings(&cache, hub.server.url()), NAME);
        assert!(message.contains(why), "{message}");
    }
    fs::remove_dir_all(cache).unwrap();
}

#[test]
fn a_broken_download_goes_on_and_is_no_model_before() {
    let cache = test_folder("hub-broken");
    let all = files(&[("model.safetensors", &weights())]);
    let hub = Hub::start(NAME, all.clone(), |request, answer| Answer {
        cut: if request.from == 0 { 70_000 } else { 0 },
        ..answer
    });
    let message = error(&settings(&cache, hub.server.url()), NAME);
    assert!(message.contains("after 70000 of 400000 bytes; run the cell again"), "{message}");
    assert!(!cache.join(CACHED).join("refs").exists());
    assert!(find_with(&offline(&cache), NAME).is_err());
    let hub = Hub::start(NAME, all, |_, answer| answer);
    let folder = find_with(&settings(&cache, hub.server.url()), NAME).unwrap();
    assert_eq!(fs::read(folder.join("model.safetensors")).unwrap(), weights());
    let from: Vec<_> =
        hub.storage.requests.lock().unwrap().iter().map(|asked| asked.from).collect();
    assert_eq!(from, [70_000]);
    fs::remove_dir_all(cache).unwrap();
}

#[test]
fn a_wrong_checksum_is_refused_and_not_kept() {
    let cache = test_folder("hub-checksum");
    let all = files(&[("model.safetensors", &weights())]);
    let hub = Hub::start(NAME, all, |_, mut answer| {
        answer.body[5] ^= 1;
        answer
    });
    let message = error(&settings(&cache, hub.server.url()), NAME);
    assert!(message.contains("400000 bytes with SHA-256"), "{message}");
    assert_eq!(names_in(&cache.join(CACHED).join("blobs")).len(), 2, "the two small files");
    assert!(!cache.join(CACHED).join("refs").exists());
    // A small file whose content isn't what git calls it.
    let tag = ("ETag", format!("\"{COMMIT}\""));
    let other = Server::start(move |_| Answer {
        headers: vec![tag.clone(), ("X-Repo-Commit", COMMIT.to_owned())],
        body: b"{}".to_vec(),
        ..Answer::status(200)
    });
    let message = error(&settings(&cache, other.url()), NAME);
    assert!(message.contains("2 bytes with git SHA-1") && message.contains(COMMIT), "{message}");
    fs::remove_dir_all(cache).unwrap();
}

#[test]
fn what_the_hub_refuses_is_one_line_with_the_remedy() {
    let cache = test_folder("hub-refused");
    for (status, remedy) in [
        (401, "gated, private or no such model: check the spelling, or ask for access"),
        (403, "set HF_TOKEN to your token"),
        (404, "no such model, or one without a config.json: check the spelling"),
        (429, "too many requests: wait a minute, or set HF_TOKEN"),
        (500, "the hub answers 500: try again later"),
        (200, "the answer is not that of a Hugging Face hub: check HF_ENDPOINT"),
    ] {
        let server = Server::start(move |_| Answer::status(status));
        let message = error(&settings(&cache, server.url()), NAME);
        let url = format!("{}/{NAME}", server.url());
        assert!(message.starts_with(&url) && message.contains(remedy), "{message}");
    }
    fs::remove_dir_all(cache).unwrap();
}

#[test]
fn files_of_two_commits_are_no_model() {
    let cache = test_folder("hub-changed");
    let server = Server::start(|request| {
        let commit = if request.path.ends_with("/config.json") { "aa" } else { "bb" };
        let headers = vec![("X-Repo-Commit", commit.to_owned()), ("ETag", COMMIT.to_owned())];
        Answer { headers, ..Answer::status(200) }
    });
    let message = error(&settings(&cache, server.url()), NAME);
    assert!(message.contains("the model was changed just now: run the cell again"), "{message}");
    fs::remove_dir_all(cache).unwrap();
}

#[test]
fn too_many_requests_for_the_file_itself_are_named() {
    let cache = test_folder("hub-429");
    let all = files(&[("model.safetensors", &weights())]);
    let hub = Hub::start(NAME, all, |_, _| Answer::status(429));
    let message = error(&settings(&cache, hub.server.url()), NAME);
    assert!(message.contains("too many requests: wait a minute"), "{message}");
    fs::remove_dir_all(cache).unwrap();
}

#[test]
fn a_model_without_safetensors_or_tokenizer_names_the_way_to_make_them() {
    let cache = test_folder("hub-lacks");
    let without = |file: &str| {
        let mut all = files(&[("model.safetensors", b"1")]);
        all.remove(file);
        let hub = Hub::start(NAME, all, |_, answer| answer);
        let message = error(&settings(&cache, hub.server.url()), NAME);
        assert!(message.contains(&format!("the model has no {file}: in Python, ")), "{message}");
        assert!(message.contains("from_pretrained(\"ada/tiny-bert\")"), "{message}");
    };
    without("tokenizer.json");
    without("model.safetensors");
    fs::remove_dir_all(cache).unwrap();
}

#[test]
fn without_a_network_there_is_one_line() {
    let cache = test_folder("hub-gone");
    // A port that nobody listens to: of a listener that is gone at once.
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let message = error(&settings(&cache, format!("http://{address}")), NAME);
    assert!(message.contains("no connection (") && message.contains("check the net"), "{message}");
    fs::remove_dir_all(cache).unwrap();
}

#[test]
fn the_token_goes_to_the_hub_and_to_no_other_host() {
    let cache = test_folder("hub-token");
    let all = files(&[("model.safetensors", &weights())]);
    let hub = Hub::start(NAME, all, |_, answer| answer);
    let mut settings = settings(&cache, hub.server.url());
    settings.token = Some("hf_secret".to_owned());
    find_with(&settings, NAME).unwrap();
    let tokens = |server: &Server| -> Vec<_> {
        server.requests.lock().unwrap().iter().map(|asked| asked.token.clone()).collect()
    };
    assert_eq!(tokens(&hub.server), vec![Some("Bearer hf_secret".to_owned()); 6]);
    assert_eq!(tokens(&hub.storage), [None]);
    fs::remove_dir_all(cache).unwrap();
}

#[test]
fn a_model_with_a_new_name_is_found_under_its_old_one() {
    let cache = test_folder("hub-renamed");
    let all = files(&[("model.safetensors", &weights())]);
    let hub = Hub::start(NAME, all, |_, answer| answer);
    let mut settings = settings(&cache, hub.server.url());
    settings.token = Some("hf_secret".to_owned());
    for name in ["old-name", "oldest-name"] {
        let folder = find_with(&settings, name).unwrap();
        let cached = cache.join(format!("models--{name}"));
        assert!(folder.starts_with(cached), "as Python names it");
        assert_eq!(fs::read(folder.join("model.safetensors")).unwrap(), weights());
    }
    assert!(hub.server.requests.lock().unwrap().iter().all(|asked| asked.token.is_some()));
    fs::remove_dir_all(cache).unwrap();
}
