//! Branches, tags and commits, in the cache as Python keeps them.

use super::*;

#[test]
fn a_revision_has_its_own_note_in_the_cache() {
    let cache = test_folder("hub-revisions");
    let hub = Hub::start(files(&[("model.safetensors", &weights())]));
    let settings = settings(&cache, hub.server.url());
    let snapshot = cache.join(CACHED).join("snapshots").join(COMMIT);
    let refs = cache.join(CACHED).join("refs");
    for (revision, quoted) in [("v1.0", "v1.0"), ("refs/pr/1", "refs%2Fpr%2F1")] {
        assert_eq!(find_with(&settings, &format!("{NAME}@{revision}")).unwrap(), snapshot);
        assert_eq!(fs::read_to_string(refs.join(revision)).unwrap(), COMMIT);
        let first = format!("HEAD /{NAME}/resolve/{quoted}/config.json");
        assert!(hub.server.asked().contains(&first));
        assert_eq!(find_with(&offline(&cache), &format!("{NAME}@{revision}")).unwrap(), snapshot);
    }
    assert_eq!(names_in(&refs), ["refs", "v1.0"], "main is not known yet");
    assert!(find_with(&offline(&cache), NAME).is_err());
    // What is there is not downloaded again.
    find_with(&settings, NAME).unwrap();
    assert_eq!(hub.storage.asked().len(), 1);
    fs::remove_dir_all(cache).unwrap();
}

#[test]
fn a_commit_needs_no_note() {
    let cache = test_folder("hub-commit");
    let hub = Hub::start(files(&[("model.safetensors", b"1")]));
    let name = format!("{NAME}@{COMMIT}");
    let folder = find_with(&settings(&cache, hub.server.url()), &name).unwrap();
    assert!(!cache.join(CACHED).join("refs").exists());
    assert_eq!(find_with(&offline(&cache), &name).unwrap(), folder);
    let other = format!("{NAME}@{}", COMMIT.replace('1', "2"));
    assert!(find_with(&offline(&cache), &other).is_err());
    fs::remove_dir_all(cache).unwrap();
}

#[test]
fn a_missing_revision_is_named() {
    let cache = test_folder("hub-no-revision");
    let server = Server::start(|_| with_error(Answer::status(404), "RevisionNotFound"));
    let message = error(&settings(&cache, server.url()), &format!("{NAME}@v9"));
    assert!(message.contains("has no branch, tag or commit v9: check the spelling"), "{message}");
    fs::remove_dir_all(cache).unwrap();
}

#[test]
fn what_python_knows_to_be_missing_is_not_asked_for() {
    let cache = test_folder("hub-no-exist");
    let mut all = files(&[("model.safetensors", b"1"), ("vocab.txt", b"a")]);
    all.remove("tokenizer.json");
    let hub = Hub::start(all);
    let known = cache.join(CACHED).join(".no_exist").join(COMMIT);
    save(&known, &Files::from([("tokenizer.json".to_owned(), Vec::new())]));
    find_with(&settings(&cache, hub.server.url()), NAME).unwrap();
    assert!(!hub.server.asked().iter().any(|asked| asked.contains("tokenizer.json")));
    fs::remove_dir_all(cache).unwrap();
}

#[test]
fn a_note_may_lead_nowhere_else() {
    let cache = test_folder("hub-note");
    save(&cache.join("elsewhere"), &files(&[("model.safetensors", b"1")]));
    let refs = cache.join(CACHED).join("refs");
    save(&refs, &Files::from([("main".to_owned(), b"../../elsewhere".to_vec())]));
    fs::create_dir_all(cache.join(CACHED).join("snapshots")).unwrap();
    assert!(find_with(&offline(&cache), NAME).is_err());
    fs::remove_dir_all(cache).unwrap();
}
