//! Servers that do not do as they should.

use super::*;
use crate::network::server::Length;
use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use std::io::Write;

#[test]
fn a_server_that_sends_no_part_or_another_one_sends_all() {
    let folder = test_folder("whole");
    let no_parts = server(|number, answer| {
        let (body, cut) = (body(), [1000, usize::MAX][number.min(1)]);
        Answer { status: Some(200), headers: Vec::new(), body, cut, ..answer }
    });
    assert!(fetch(&no_parts, &folder.join("1")).unwrap() == body());
    let wrong_part = server(|number, answer| match number {
        0 => Answer { cut: 1000, ..answer },
        1 => Answer { headers: vec![("Content-Range", "bytes 5-9/10".to_owned())], ..answer },
        _ => answer,
    });
    assert!(fetch(&wrong_part, &folder.join("2")).unwrap() == body());
    assert_eq!(wrong_part.from(), [0, 1000, 0]);
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn the_length_may_be_missing_or_wrong() {
    let folder = test_folder("length");
    let lengths: [fn(usize) -> Length; 4] = [
        |_| Length::Chunked,
        |_| Length::Unsaid,
        // It ends too early, and there is nothing behind it.
        |number| Length::Other(if number == 0 { 500_000 } else { 0 }),
        |number| if number == 0 { Length::Other(300_000) } else { Length::Right },
    ];
    let tag = of(&body());
    for (number, length) in lengths.into_iter().enumerate() {
        let server = server(move |number, answer| Answer { length: length(number), ..answer });
        let path = folder.join(number.to_string());
        let size = (number == 3).then_some(400_000);
        let got = fetched(&server, Checksum::Tag(&tag), size, &path);
        assert!(got.unwrap() == body(), "{number}");
    }
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn what_is_compressed_on_the_way_arrives_plain() {
    let folder = test_folder("compressed");
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(&body()).unwrap();
    let mut zlib = ZlibEncoder::new(Vec::new(), Compression::fast());
    zlib.write_all(&body()).unwrap();
    for (encoding, content) in
        [("gzip", gzip.finish().unwrap()), ("deflate", zlib.finish().unwrap())]
    {
        // The connection breaks: a part of what is compressed is of no use.
        let count = AtomicUsize::new(0);
        let server = Server::start(move |request| {
            let mut answer = Answer::content(request, &content);
            answer.headers.push(("Content-Encoding", encoding.to_owned()));
            answer.cut = [200_000, usize::MAX][count.fetch_add(1, Ordering::Relaxed).min(1)];
            answer
        });
        assert!(fetch(&server, &folder.join(encoding)).unwrap() == body());
    }
    let server = server(|_, mut answer| {
        answer.headers.push(("Content-Encoding", "br".to_owned()));
        answer
    });
    let message = error(&server, &folder.join("br"));
    assert!(message.contains("is sent compressed (br), although"), "{message}");
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_page_to_sign_in_is_not_taken_for_the_file() {
    let folder = test_folder("hotel");
    let path = folder.join("file");
    fs::write(with_suffix(&path, "part"), &body()[..1000]).unwrap();
    let hotel = server(|_, _| Answer::page(200));
    let message = error(&hotel, &path);
    assert!(message.contains("sends something else (56 bytes of text/html"), "{message}");
    assert!(message.contains("wants you to sign in, do so in a browser"), "{message}");
    // It does not say what it is, but is not as large.
    let other = server(|_, _| Answer { body: b"Sign in!".to_vec(), ..Answer::status(200) });
    let message = error(&other, &path);
    assert!(message.contains("sends something else (8 bytes of no kind)"), "{message}");
    assert_eq!((hotel.from(), other.from()), (vec![1000], vec![1000]));
    assert!(fetch(&server(|_, answer| answer), &path).unwrap() == body());
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn what_comes_twice_is_right_if_the_tag_is_no_checksum() {
    let folder = test_folder("tags");
    let mut changed = body();
    changed[5] ^= 1;
    let sha1 = "1234567890ABCDEF1234567890abcdef12345678";
    for (number, (tag, size, requests)) in
        [("5d8c-1a2b", Some(400_000), 1), ("5d8c-1a2b", None, 2), (sha1, Some(400_000), 2)]
            .into_iter()
            .enumerate()
    {
        let server = server(|_, answer| answer);
        let path = folder.join(number.to_string());
        let got = fetched(&server, Checksum::Tag(tag), size, &path).unwrap();
        assert!(got == body() && server.from().len() == requests, "{number} {:?}", server.from());
    }
    // What is too short is not, however often it comes.
    let path = folder.join("short");
    for tag in ["5d8c-1a2b", sha1] {
        let short = server(|_, answer| Answer { length: Length::Other(399_000), ..answer });
        let message = fetched(&short, Checksum::Tag(tag), Some(400_000), &path).unwrap_err();
        assert!(message.to_string().contains("399000 bytes with"), "{message}");
        let closed = server(|_, answer| Answer { length: Length::Unsaid, cut: 99, ..answer });
        assert!(fetched(&closed, Checksum::Tag(tag), None, &path).is_err());
        assert!(!path.exists() && !with_suffix(&path, "part").exists());
    }
    // A byte that was changed on the way is not believed.
    let once = server(|number, mut answer| {
        answer.body[5] ^= u8::from(number == 0);
        answer
    });
    let tag = of(&body()).to_uppercase();
    assert!(fetched(&once, Checksum::Tag(&tag), None, &folder.join("once")).unwrap() == body());
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn an_address_that_has_expired_is_asked_for_again() {
    let folder = test_folder("expired");
    let (storage, server) = (server(|_, _| Answer::page(403)), server(|_, answer| answer));
    let url = format!("{}/file", server.url());
    let location = Address::parse(&storage.url());
    let checksum = of(&body());
    let checksum = Checksum::Sha256(&checksum);
    let download =
        Download { url: &url, location: location.as_ref(), size: None, checksum, token: None };
    download.fetch(&client(), &folder.join("file")).unwrap();
    assert_eq!((storage.from().len(), server.from().len()), (1, 1));
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn what_hangs_is_taken_up_again_and_ends() {
    let folder = test_folder("hang");
    let once = server(|number, answer| Answer {
        cut: [100_000, usize::MAX][number.min(1)],
        hangs: number == 0,
        ..answer
    });
    assert!(fetch(&once, &folder.join("1")).unwrap() == body());
    assert_eq!(once.from(), [0, 100_000]);
    let message = error(&server(|_, _| Answer::silence()), &folder.join("2"));
    assert!(
        message.contains("no answer of 127.0.0.1 in 1.0 s")
            && message.contains("HF_HUB_DOWNLOAD_TIMEOUT"),
        "{message}"
    );
    fs::remove_dir_all(folder).unwrap();
}
