//! Opens a kernel's ports when it is ready, not before.
//!
//! evcxr binds its sockets first and then needs seconds until it reads from them. Meanwhile
//! JupyterLab asks whether it is alive, through connections that it soon closes again; evcxr answers
//! them all at last, gets a broken pipe for one that is gone, and ends: one restart in a few dies so.
//! So it gets ports of its own, and those of the connection file are opened when it can answer.
//! From then on no connection of the kernel's breaks before the kernel ends: what it says to a client
//! that is gone is read and dropped.

use crate::process::{Context, Result, write};
use serde_json::Value;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

/// The variable that names the file by which a kernel says that it is ready.
pub const READY: &str = "UNIT8_READY";

const PORTS: [&str; 5] = ["shell_port", "iopub_port", "stdin_port", "control_port", "hb_port"];

/// The two sides of a kernel's ports.
pub struct Relay {
    ip: String,
    /// Those that Jupyter knows, and those that the kernel listens on.
    ports: Vec<(u16, u16)>,
    /// The connection file for the kernel.
    pub connection_file: PathBuf,
    /// The file by which the kernel says that it is ready.
    pub ready: PathBuf,
}

impl Relay {
    /// Writes a connection file with free ports into the kernel's folder.
    pub fn new(connection_file: &Path, folder: &Path) -> Result<Relay> {
        let unreadable = format!("{} is not a connection file", connection_file.display());
        let text = std::fs::read(connection_file).context(unreadable.as_str())?;
        let mut connection: Value = serde_json::from_slice(&text).context(unreadable.as_str())?;
        let ip = connection["ip"].as_str().context(unreadable.as_str())?.to_owned();
        // All are held until all are found, so that no two are the same.
        let listeners: io::Result<Vec<TcpListener>> =
            PORTS.iter().map(|_| TcpListener::bind("127.0.0.1:0")).collect();
        let mut ports = Vec::new();
        for (name, listener) in PORTS.iter().zip(listeners.context("no free port")?) {
            let public = connection[name].as_u64().context(unreadable.as_str())? as u16;
            let private = listener.local_addr().context("no free port")?.port();
            ports.push((public, private));
            connection[name] = private.into();
        }
        connection["ip"] = "127.0.0.1".into();
        let private = folder.join("connection.json");
        write(&private, connection.to_string())?;
        Ok(Relay { ip, ports, connection_file: private, ready: folder.join("ready") })
    }

    /// Opens the ports as soon as the kernel is ready, from a thread of its own.
    pub fn open_when_ready(self) {
        thread::spawn(move || {
            while !self.ready.exists() {
                thread::sleep(Duration::from_millis(20));
            }
            for (public, private) in self.ports {
                let ip = self.ip.clone();
                thread::spawn(move || match bind(&ip, public) {
                    Ok(listener) => serve(&listener, private),
                    Err(error) => eprintln!("unit8: port {public} of {ip}: {error}"),
                });
            }
        });
    }
}

/// After a restart the ports are those of the kernel before, which may take a moment to let go.
fn bind(ip: &str, port: u16) -> io::Result<TcpListener> {
    for _ in 0..50 {
        if let Ok(listener) = TcpListener::bind((ip, port)) {
            return Ok(listener);
        }
        thread::sleep(Duration::from_millis(100));
    }
    TcpListener::bind((ip, port))
}

fn serve(listener: &TcpListener, private: u16) {
    for client in listener.incoming().flatten() {
        let Ok(kernel) = TcpStream::connect(("127.0.0.1", private)) else { continue };
        let _ = client.set_nodelay(true).and_then(|()| kernel.set_nodelay(true));
        if let (Ok(client_too), Ok(kernel_too)) = (client.try_clone(), kernel.try_clone()) {
            thread::spawn(move || ask(client, kernel));
            thread::spawn(move || answer(kernel_too, client_too));
        }
    }
}

/// Passes on what a client says, until it is gone. The kernel does not learn that.
fn ask(mut client: TcpStream, mut kernel: TcpStream) {
    let _ = io::copy(&mut client, &mut kernel);
}

/// Passes on what the kernel says, until it ends.
fn answer(mut kernel: TcpStream, mut client: TcpStream) {
    let mut bytes = [0; 1 << 16];
    let mut heard = true;
    while let Ok(count @ 1..) = kernel.read(&mut bytes) {
        heard = heard && client.write_all(&bytes[..count]).is_ok();
    }
    let _ = client.shutdown(Shutdown::Both);
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_ports_open_when_the_kernel_is_ready_and_no_pipe_breaks() {
        let folder = std::env::temp_dir().join(format!("unit8-relay-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let free: Vec<TcpListener> =
            PORTS.iter().map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
        let public: Vec<u16> = free.iter().map(|l| l.local_addr().unwrap().port()).collect();
        drop(free);
        let mut connection = json!({"ip": "127.0.0.1", "key": "secret"});
        for (name, port) in PORTS.iter().zip(&public) {
            connection[*name] = (*port).into();
        }
        let file = folder.join("public.json");
        std::fs::write(&file, connection.to_string()).unwrap();

        let relay = Relay::new(&file, &folder).unwrap();
        let ready = relay.ready.clone();
        let kernel = TcpListener::bind(("127.0.0.1", relay.ports[0].1)).unwrap();
        relay.open_when_ready();
        thread::sleep(Duration::from_millis(100));
        assert!(TcpStream::connect(("127.0.0.1", public[0])).is_err(), "not ready yet");
        std::fs::write(ready, "").unwrap();
        let mut client = (0..100)
            .find_map(|_| {
                thread::sleep(Duration::from_millis(20));
                TcpStream::connect(("127.0.0.1", public[0])).ok()
            })
            .expect("the port opens");
        client.write_all(b"ping").unwrap();
        let (mut accepted, _) = kernel.accept().unwrap();
        let mut word = [0; 4];
        accepted.read_exact(&mut word).unwrap();
        assert_eq!(&word, b"ping");
        drop(client);
        for _ in 0..3 {
            thread::sleep(Duration::from_millis(50));
            accepted.write_all(b"late").expect("a client that is gone breaks no pipe");
        }
        std::fs::remove_dir_all(folder).unwrap();
    }
}
