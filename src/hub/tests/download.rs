//! Models that come from the hub.

use super::*;
use crate::network::server::Request;

#[test]
fn a_model_is_downloaded_once_into_pythons_layout() {
    let cache = test_folder("hub-single");
    let all = files(&[("model.safetensors", &weights())]);
    let hub = Hub::start(all.clone());
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
    let hub = Hub::start(all.clone());
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
        let hub = Hub::start(all.clone());
        let folder = find_with(&settings(&cache, hub.server.url()), NAME).unwrap();
        assert_eq!(names_in(&folder), all.into_keys().collect::<Vec<_>>());
        assert_eq!(find_with(&offline(&cache), NAME).unwrap(), folder);
        fs::remove_dir_all(cache).unwrap();
    }
    // Half of a tokenizer is none.
    let cache = test_folder("hub-old");
    let hub = Hub::start(old(&[("vocab.json", "{}")]));
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
        let hub = Hub::start(files(&[index]));
        let message = error(&settings(&cache, hub.server.url()), NAME);
        assert!(message.contains(&format!("names \"{shard}\", which is no")), "{message}");
        assert!(!hub.server.asked().iter().any(|asked| asked.contains("evil")));
        assert!(!cache.join(CACHED).join("snapshots").exists());
    }
    for (index, why) in [("{", "not JSON"), ("{\"weight_map\": {}}", "no index of weights")] {
        let index = ("model.safetensors.index.json", index.as_bytes());
        let hub = Hub::start(files(&[index]));
        let message = error(&settings(&cache, hub.server.url()), NAME);
        assert!(message.contains(why), "{message}");
    }
    fs::remove_dir_all(cache).unwrap();
}

#[test]
fn a_broken_download_goes_on_and_is_no_model_before() {
    let cache = test_folder("hub-broken");
    let all = files(&[("model.safetensors", &weights())]);
    let broken = |request: &Request, answer| Answer {
        cut: if request.from == 0 { 70_000 } else { 0 },
        ..answer
    };
    let hub = Hub::change(all.clone(), |_, answer| answer, broken);
    let message = error(&settings(&cache, hub.server.url()), NAME);
    assert!(message.contains("after 70000 of 400000 bytes ("), "{message}");
    assert!(!cache.join(CACHED).join("refs").exists());
    assert!(find_with(&offline(&cache), NAME).is_err());
    let hub = Hub::start(all);
    let folder = find_with(&settings(&cache, hub.server.url()), NAME).unwrap();
    assert_eq!(fs::read(folder.join("model.safetensors")).unwrap(), weights());
    assert_eq!(hub.storage.from(), [70_000]);
    fs::remove_dir_all(cache).unwrap();
}

#[test]
fn a_wrong_checksum_is_refused_and_not_kept() {
    let cache = test_folder("hub-checksum");
    let all = files(&[("model.safetensors", &weights())]);
    let changed = |_: &Request, mut answer: Answer| {
        answer.body[5] ^= 1;
        answer
    };
    let hub = Hub::change(all, |_, answer| answer, changed);
    let message = error(&settings(&cache, hub.server.url()), NAME);
    assert!(message.contains("400000 bytes with SHA-256"), "{message}");
    assert_eq!(names_in(&cache.join(CACHED).join("blobs")).len(), 2, "the two small files");
    assert!(!cache.join(CACHED).join("refs").exists());
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
fn a_model_without_safetensors_or_tokenizer_names_the_way_to_make_them() {
    let cache = test_folder("hub-lacks");
    let without = |file: &str| {
        let mut all = files(&[("model.safetensors", b"1")]);
        all.remove(file);
        let hub = Hub::start(all);
        let settings = settings(&cache, hub.server.url());
        let message = error(&settings, NAME);
        assert!(message.contains(&format!("the model has no {file}: in Python, ")), "{message}");
        assert!(message.contains("from_pretrained(\"ada/tiny-bert\")"), "{message}");
        let message = error(&settings, "ada/tiny-bert@v2");
        assert!(message.contains("(\"ada/tiny-bert\", revision=\"v2\")"), "{message}");
    };
    without("tokenizer.json");
    without("model.safetensors");
    fs::remove_dir_all(cache).unwrap();
}

#[test]
fn a_model_with_a_new_name_is_found_under_its_old_one() {
    let cache = test_folder("hub-renamed");
    let all = files(&[("model.safetensors", &weights())]);
    let hub = Hub::start(all);
    let mut settings = settings(&cache, hub.server.url());
    settings.token = Some("hf_secret".to_owned());
    for name in ["old-name", "oldest-name"] {
        let folder = find_with(&settings, name).unwrap();
        let cached = cache.join(format!("models--{name}"));
        assert!(folder.starts_with(cached), "as Python names it");
        assert_eq!(fs::read(folder.join("model.safetensors")).unwrap(), weights());
        let old = format!("/{name}/");
        let asked = hub.server.asked().into_iter().filter(|asked| asked.contains(&old));
        assert_eq!(asked.count(), 1, "then it is asked for by its new name");
    }
    assert!(hub.server.tokens().iter().all(Option::is_some));
    fs::remove_dir_all(cache).unwrap();
}

#[test]
fn a_model_takes_no_more_requests_than_it_must() {
    let cache = test_folder("hub-requests");
    let hub = Hub::start(files(&[("model.safetensors", &weights())]));
    find_with(&settings(&cache, hub.server.url()), NAME).unwrap();
    let asked = hub.server.asked();
    let all: Vec<&str> = asked.iter().map(|asked| asked.split('?').next().unwrap()).collect();
    let cached = format!("/api/resolve-cache/models/{NAME}/{COMMIT}");
    assert_eq!(
        all,
        [
            format!("HEAD /{NAME}/resolve/main/config.json"),
            format!("HEAD {cached}/config.json"),
            format!("HEAD /{NAME}/resolve/main/tokenizer.json"),
            format!("HEAD {cached}/tokenizer.json"),
            format!("HEAD /{NAME}/resolve/main/tokenizer_config.json"),
            format!("HEAD /{NAME}/resolve/main/model.safetensors"),
            format!("GET {cached}/config.json"),
            format!("GET {cached}/tokenizer.json"),
        ]
    );
    assert_eq!(hub.storage.asked(), ["GET /model.safetensors?signature=1"]);
    fs::remove_dir_all(cache).unwrap();
}
