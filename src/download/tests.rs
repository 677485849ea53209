use super::*;
use crate::files::test_folder;
use sha2::{Digest, Sha256};
use std::io::{BufRead, BufReader};
use std::net::TcpListener;

/// A server that answers one request after the other as told, then is gone. Each answer: whether
/// it knows how to send a part, and after how many bytes of the body it breaks off.
fn server(body: Vec<u8>, answers: Vec<(bool, usize)>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for (ranges, limit) in answers {
            let (mut stream, _) = listener.accept().unwrap();
            let mut from = 0;
            for line in BufReader::new(stream.try_clone().unwrap()).lines() {
                let line = line.unwrap().to_lowercase();
                if let Some(range) = line.strip_prefix("range: bytes=") {
                    from = range.trim_end_matches('-').parse().unwrap();
                } else if line.is_empty() {
                    break;
                }
            }
            let (status, from) = if ranges { ("206 Partial Content", from) } else { ("200 OK", 0) };
            let rest = &body[from..];
            let head = format!(
                "HTTP/1.1 {status}\r\nContent-Length: {}\r\nContent-Range: bytes {from}-{}/{}\r\n\r\n",
                rest.len(),
                body.len().saturating_sub(1),
                body.len()
            );
            stream.write_all(head.as_bytes()).unwrap();
            stream.write_all(&rest[..limit.min(rest.len())]).unwrap();
        }
    });
    format!("http://{address}/reviews.tar.gz")
}

fn body() -> Vec<u8> {
    (0..100_000u32).flat_map(|number| number.wrapping_mul(2_654_435_761).to_le_bytes()).collect()
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn download<'a>(url: &'a str, body: &[u8], sha256: &'a str) -> Download<'a> {
    Download { url, size: body.len() as u64, checksum: Checksum::Sha256(sha256), token: None }
}

const ALL: usize = usize::MAX;

#[test]
fn a_download_cut_at_any_byte_goes_on_there() {
    let (body, folder) = (body(), test_folder("cut"));
    for (number, cut) in [0, 1, 70_000, body.len() - 1].into_iter().enumerate() {
        let path = folder.join(number.to_string());
        // The connection breaks twice without bringing anything more, then the cell is run again.
        let url = server(body.clone(), vec![(true, cut), (true, 0), (true, ALL)]);
        let sha256 = sha256(&body);
        let download = download(&url, &body, &sha256);
        let error = download.fetch(&path).unwrap_err().to_string();
        assert!(error.contains(&format!("after {cut} of 400000 bytes")), "{error}");
        assert!(!path.exists());
        assert_eq!(fs::metadata(with_suffix(&path, "part")).unwrap().len(), cut as u64);
        if cut == 0 {
            assert!(download.fetch(&path).is_err(), "the server's second answer brings nothing");
        }
        download.fetch(&path).unwrap();
        assert_eq!(fs::read(&path).unwrap(), body);
    }
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_broken_connection_is_taken_up_again_by_itself() {
    let (body, folder) = (body(), test_folder("again"));
    let url = server(body.clone(), vec![(true, 1000), (true, 200_000), (true, ALL)]);
    let sha256 = sha256(&body);
    let download = download(&url, &body, &sha256);
    download.fetch(&folder.join("file")).unwrap();
    assert_eq!(fs::read(folder.join("file")).unwrap(), body);
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_server_that_sends_no_part_sends_all() {
    let (body, folder) = (body(), test_folder("whole"));
    let url = server(body.clone(), vec![(false, 1000), (false, ALL)]);
    let sha256 = sha256(&body);
    let download = download(&url, &body, &sha256);
    download.fetch(&folder.join("file")).unwrap();
    assert_eq!(fs::read(folder.join("file")).unwrap(), body);
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_wrong_file_is_refused_and_deleted() {
    let (body, folder) = (body(), test_folder("wrong"));
    let mut other = body.clone();
    other[5] ^= 1;
    let url = server(other, vec![(true, ALL)]);
    let sha256 = sha256(&body);
    let download = download(&url, &body, &sha256);
    let error = download.fetch(&folder.join("file")).unwrap_err().to_string();
    assert!(error.contains("not the file of http") && error.contains(&sha256), "{error}");
    assert!(!folder.join("file").exists() && !folder.join("file.part").exists());
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn without_a_server_there_is_one_line() {
    let folder = test_folder("gone");
    let url = server(Vec::new(), Vec::new());
    let download = download(&url, b"1", "");
    let error = download.fetch(&folder.join("file")).unwrap_err().to_string();
    assert!(error.starts_with(&url) && error.contains("no connection"), "{error}");
    assert_eq!(error.lines().count(), 1);
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_second_process_waits_for_the_first() {
    let folder = test_folder("download-lock");
    let file = File::create(folder.join("lock")).unwrap();
    let other = File::open(folder.join("lock")).unwrap();
    other.lock().unwrap();
    let (started, length) = (Instant::now(), Duration::from_millis(300));
    std::thread::spawn(move || {
        std::thread::sleep(length);
        drop(other);
    });
    wait_for(&file, &folder).unwrap();
    assert!(started.elapsed() >= length);
    std::fs::remove_dir_all(folder).unwrap();
}
