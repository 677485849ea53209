use super::*;
use crate::environment::Environment;
use crate::files::test_folder;
use crate::interrupt::PRETENDED;
use crate::network::server::{Answer, Server};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

mod servers;

fn body() -> Vec<u8> {
    (0..100_000u32).flat_map(|number| number.wrapping_mul(2_654_435_761).to_le_bytes()).collect()
}

fn of(bytes: &[u8]) -> String {
    sha256(&mut &*bytes).unwrap()
}

fn client() -> Client {
    Client::new(&Environment::from(&[("HF_HUB_DOWNLOAD_TIMEOUT", "1")][..])).unwrap()
}

/// A server of the body that answers as `change` says: it is given the number of the request.
fn server(change: impl Fn(usize, Answer) -> Answer + Send + Sync + 'static) -> Server {
    let (body, count) = (body(), AtomicUsize::new(0));
    Server::start(move |request| {
        change(count.fetch_add(1, Ordering::Relaxed), Answer::content(request, &body))
    })
}

/// What is at `path` after the download of something with this checksum and size.
fn fetched(
    server: &Server,
    checksum: Checksum<'_>,
    size: Option<u64>,
    path: &Path,
) -> Result<Vec<u8>> {
    let url = format!("{}/reviews.tar.gz", server.url());
    Download { url: &url, location: None, size, checksum, token: None }.fetch(&client(), path)?;
    assert!(!with_suffix(path, "part").exists());
    Ok(fs::read(path).unwrap())
}

/// Downloads the body and says what it has become.
fn fetch(server: &Server, path: &Path) -> Result<Vec<u8>> {
    fetched(server, Checksum::Sha256(&of(&body())), Some(body().len() as u64), path)
}

fn error(server: &Server, path: &Path) -> String {
    let message = fetch(server, path).unwrap_err().to_string();
    assert_eq!(message.lines().count(), 1, "{message}");
    assert!(!path.exists());
    message
}

#[test]
fn a_download_cut_at_any_byte_goes_on_there_by_itself() {
    let folder = test_folder("cut");
    for cut in [0, 1, 70_000, body().len() - 1] {
        let server = server(move |number, answer| Answer {
            cut: [cut, usize::MAX][number.min(1)],
            ..answer
        });
        assert!(fetch(&server, &folder.join(cut.to_string())).unwrap() == body(), "{cut}");
        assert_eq!(server.from(), [0, cut]);
    }
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn connections_without_use_end_it_and_the_next_run_goes_on() {
    let folder = test_folder("again");
    let broken = server(|number, answer| Answer { cut: [70_000, 0][number.min(1)], ..answer });
    let message = error(&broken, &folder.join("file"));
    assert!(
        message.contains("broke after 70000 of 400000 bytes (the connection to 127.0.0.1 broke ("),
        "{message}"
    );
    assert!(message.ends_with("; run the cell again, it goes on where it was"), "{message}");
    let whole = server(|_, answer| answer);
    assert!(fetch(&whole, &folder.join("file")).unwrap() == body());
    assert_eq!(whole.from(), [70_000]);
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_part_that_is_whole_too_long_or_another_mends_itself() {
    let folder = test_folder("part");
    let path = folder.join("file");
    let (whole, mut other) = (body(), body()[..70_000].to_vec());
    other[5] ^= 1;
    let long = [&whole[..], b"more"].concat();
    for (part, requests) in [(whole.clone(), 0), (long, 1), (other, 2)] {
        for size in [Some(whole.len() as u64), None] {
            fs::write(with_suffix(&path, "part"), &part).unwrap();
            let server = server(|_, answer| answer);
            let got = fetched(&server, Checksum::Sha256(&of(&whole)), size, &path).unwrap();
            assert!(got == whole, "{requests}");
            // Without a size, the server has to say that there is nothing more.
            let asked = requests + usize::from(size.is_none() && part.len() >= whole.len());
            assert_eq!(server.from().len(), asked, "{:?}", server.from());
            fs::remove_file(&path).unwrap();
        }
    }
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_wrong_file_is_refused_and_not_kept() {
    let folder = test_folder("wrong");
    let path = folder.join("file");
    let server = server(|_, mut answer| {
        answer.body[5] ^= 1;
        answer
    });
    let message = error(&server, &path);
    assert!(
        message.contains("not the file of http") && message.contains(&of(&body())),
        "{message}"
    );
    assert_eq!((fs::read_dir(&folder).unwrap().count(), server.from()), (1, vec![0]), "the lock");
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn what_the_server_refuses_is_one_line() {
    let folder = test_folder("refused");
    for (status, remedy) in [
        (403, "the server answers 403: wait, then run the cell again"),
        (404, "the server answers 404: wait"),
        (416, "the server answers 416: wait"),
        (429, "too many requests: wait a minute, then run the cell again"),
        (500, "the server answers 500: try again later, then run the cell again"),
    ] {
        let message = error(&server(move |_, _| Answer::status(status)), &folder.join("file"));
        assert!(message.contains(remedy), "{message}");
    }
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let gone = Server { port, requests: Default::default() };
    let message = error(&gone, &folder.join("file"));
    assert!(message.starts_with(&gone.url()) && message.contains("no connection"), "{message}");
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_full_disk_is_named() {
    let folder = test_folder("download-full");
    let path = folder.join("file");
    // What is written to this device finds no space.
    std::os::unix::fs::symlink("/dev/full", with_suffix(&path, "part")).unwrap();
    let message = error(&server(|_, answer| answer), &path);
    assert!(message.contains("can't be written"), "{message}");
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_second_kernel_waits_for_the_first_and_can_be_stopped() {
    let folder = test_folder("download-lock");
    let file = File::create(folder.join("lock")).unwrap();
    let other = File::open(folder.join("lock")).unwrap();
    other.lock().unwrap();
    PRETENDED.set(Some(true));
    let stopped = lock::wait_for(&file, Path::new("model"), &client()).unwrap_err().to_string();
    assert_eq!(stopped, "the wait for model was stopped: run the cell again");
    PRETENDED.set(Some(false));
    let (started, length) = (Instant::now(), Duration::from_millis(300));
    std::thread::spawn(move || {
        std::thread::sleep(length);
        drop(other);
    });
    lock::wait_for(&file, &folder, &client()).unwrap();
    assert!(started.elapsed() >= length);
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn the_stop_button_ends_a_download_that_can_go_on() {
    let folder = test_folder("download-stop");
    let server = server(|_, answer| Answer { cut: 100_000, hangs: true, ..answer });
    PRETENDED.set(Some(true));
    let message = error(&server, &folder.join("file"));
    assert!(message.contains("of 400000 bytes) was stopped: run the cell again"), "{message}");
    fs::remove_dir_all(folder).unwrap();
}
