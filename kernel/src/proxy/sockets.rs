//! The sockets towards Jupyter and towards evcxr. Each is read and written by a task of its own, so
//! that no slow or broken connection holds up the kernel.

use super::To;
use super::message::{Key, Message};
use crate::error::{Context, Result};
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use zeromq::{
    DealerSocket, PubSocket, RepSocket, RouterSocket, Socket, SocketRecv, SocketSend, SubSocket,
    ZmqMessage,
};

/// A connection file.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Connection {
    #[serde(default = "tcp")]
    transport: String,
    ip: String,
    #[serde(default)]
    key: String,
    #[serde(default = "hmac_sha256")]
    signature_scheme: String,
    shell_port: u16,
    iopub_port: u16,
    stdin_port: u16,
    control_port: u16,
    hb_port: u16,
}

// What front ends that leave a field out mean.
fn tcp() -> String {
    "tcp".to_owned()
}

fn hmac_sha256() -> String {
    "hmac-sha256".to_owned()
}

/// Below the ports from which connections begin on Linux and elsewhere.
const PRIVATE_PORTS: std::ops::Range<u16> = 20_000..30_000;

/// Something that came over a socket.
pub enum Received {
    /// A front end's request, over the shell or the control channel.
    Request(Message, To),
    /// What a user has typed.
    Input(Message),
    /// evcxr's reply to a request.
    Reply(Message),
    /// What evcxr says to all.
    Said(Message),
}

type Sink = UnboundedSender<Received>;

impl Connection {
    /// Reads a connection file.
    pub fn read(file: &Path) -> Result<Connection> {
        let unreadable = format!("{} is not a connection file", file.display());
        let text = std::fs::read(file).context(unreadable.as_str())?;
        let connection: Connection = serde_json::from_slice(&text).context(unreadable)?;
        match connection.signature_scheme == hmac_sha256() {
            true => Ok(connection),
            // Each message would be thrown away without a word.
            false => Err(format!("this kernel signs by {} only", hmac_sha256())),
        }
    }

    /// One with free ports of this machine, for evcxr.
    ///
    /// Not those that the system gives away: until evcxr takes them, a connection of another kernel
    /// might begin at one.
    pub fn private() -> Result<Connection> {
        let mut held = Vec::new();
        for _ in 0..1000 {
            let port = PRIVATE_PORTS.start + uuid::Uuid::new_v4().as_u128() as u16 % 10_000;
            held.extend(std::net::TcpListener::bind(("127.0.0.1", port)).map(|held| (port, held)));
            if let [
                (shell_port, _),
                (iopub_port, _),
                (stdin_port, _),
                (control_port, _),
                (hb_port, _),
            ] = held[..]
            {
                return Ok(Connection {
                    transport: tcp(),
                    ip: "127.0.0.1".to_owned(),
                    key: uuid::Uuid::new_v4().to_string(),
                    signature_scheme: hmac_sha256(),
                    shell_port,
                    iopub_port,
                    stdin_port,
                    control_port,
                    hb_port,
                });
            }
        }
        Err("no free ports".to_owned())
    }

    fn endpoint(&self, port: u16) -> String {
        match (self.transport.as_str(), self.ip.as_str()) {
            ("ipc", path) => format!("ipc://{path}-{port}"),
            (transport, "*") => format!("{transport}://0.0.0.0:{port}"),
            (transport, ip) if ip.contains(':') => format!("{transport}://[{ip}]:{port}"),
            (transport, ip) => format!("{transport}://{ip}:{port}"),
        }
    }

    /// Binds the sockets that Jupyter knows. What comes goes into the sink; what is sent into the
    /// sender that is returned goes to Jupyter.
    ///
    /// # Errors
    /// A port that another program holds on to.
    pub async fn bind(&self, sink: Sink) -> Result<UnboundedSender<(To, Message)>> {
        let key = Key::new(&self.key);
        let heartbeat: RepSocket = self.bound(self.hb_port).await?;
        let shell: RouterSocket = self.bound(self.shell_port).await?;
        let control: RouterSocket = self.bound(self.control_port).await?;
        let stdin: RouterSocket = self.bound(self.stdin_port).await?;
        let iopub: PubSocket = self.bound(self.iopub_port).await?;
        tokio::spawn(beat(heartbeat));
        let (shell_out, shell_in) = shell.split();
        let (control_out, control_in) = control.split();
        let (stdin_out, stdin_in) = stdin.split();
        let request = |to| move |message| Received::Request(message, to);
        tokio::spawn(read(shell_in, key.clone(), sink.clone(), request(To::Shell)));
        tokio::spawn(read(control_in, key.clone(), sink.clone(), request(To::Control)));
        tokio::spawn(read(stdin_in, key.clone(), sink, Received::Input));
        let (sender, mut messages) = unbounded_channel::<(To, Message)>();
        let writers = [
            (To::Shell, writer(shell_out, key.clone())),
            (To::Control, writer(control_out, key.clone())),
            (To::Stdin, writer(stdin_out, key.clone())),
            (To::Iopub, writer(iopub, key)),
        ];
        tokio::spawn(async move {
            while let Some((to, message)) = messages.recv().await {
                if let Some((_, writer)) = writers.iter().find(|(channel, _)| *channel == to) {
                    let _ = writer.send(message);
                }
            }
        });
        Ok(sender)
    }

    /// After a restart the ports are those of the kernel before, which may take a moment to let go.
    async fn bound<S: Socket>(&self, port: u16) -> Result<S> {
        if self.transport == "ipc" {
            // A kernel that was killed has left it.
            let _ = std::fs::remove_file(format!("{}-{port}", self.ip));
        }
        let mut tries = 50;
        loop {
            let mut socket = S::new();
            match socket.bind(&self.endpoint(port)).await {
                Ok(_) => return Ok(socket),
                Err(error) if tries == 0 => {
                    return Err(format!("port {port} of {}: {error}", self.ip));
                }
                Err(_) => tries -= 1,
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Connects with evcxr as soon as it listens, which it does never if it ends before. What is sent
    /// into the sender goes to its shell; nothing waits for that.
    pub fn connect(
        &self,
        sink: Sink,
        is_alive: impl Fn() -> bool + Send + Sync + 'static,
    ) -> UnboundedSender<Message> {
        let (sender, messages) = unbounded_channel();
        let (connection, key) = (self.clone(), Key::new(&self.key));
        tokio::spawn(async move {
            let (mut iopub, mut shell) = (SubSocket::new(), DealerSocket::new());
            connection.connected(&mut iopub, connection.iopub_port, &is_alive).await?;
            iopub.subscribe("").await.ok()?;
            connection.connected(&mut shell, connection.shell_port, &is_alive).await?;
            let (shell_out, shell_in) = shell.split();
            tokio::spawn(read(iopub, key.clone(), sink.clone(), Received::Said));
            tokio::spawn(read(shell_in, key.clone(), sink, Received::Reply));
            write(shell_out, key, messages).await;
            Some(())
        });
        sender
    }

    async fn connected(
        &self,
        socket: &mut impl Socket,
        port: u16,
        is_alive: &impl Fn() -> bool,
    ) -> Option<()> {
        while is_alive() {
            // Asked first without ZeroMQ, which waits longer and longer between two tries.
            let listens = TcpStream::connect((self.ip.as_str(), port)).await.is_ok();
            if listens && socket.connect(&self.endpoint(port)).await.is_ok() {
                return Some(());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        None
    }
}

async fn beat(mut heartbeat: RepSocket) {
    loop {
        match heartbeat.recv().await {
            Ok(message) => {
                let _ = heartbeat.send(message).await;
            }
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
}

async fn read<S: SocketRecv>(
    mut socket: S,
    key: Key,
    sink: Sink,
    event: impl Fn(Message) -> Received,
) {
    loop {
        match socket.recv().await {
            Ok(wire) => {
                if let Some(message) = Message::from_wire(wire, &key)
                    && sink.send(event(message)).is_err()
                {
                    return;
                }
            }
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
}

fn writer(socket: impl SocketSend + Send + 'static, key: Key) -> UnboundedSender<Message> {
    let (sender, messages) = unbounded_channel();
    tokio::spawn(write(socket, key, messages));
    sender
}

async fn write(mut socket: impl SocketSend, key: Key, mut messages: UnboundedReceiver<Message>) {
    while let Some(message) = messages.recv().await {
        // A client that is gone is no reason to stop.
        let wire: ZmqMessage = message.to_wire(&key);
        let _ = socket.send(wire).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(fields: &str) -> Connection {
        let ports = "\"shell_port\": 1, \"iopub_port\": 2, \"stdin_port\": 3, \"control_port\": 4, \"hb_port\": 5";
        serde_json::from_str(&format!("{{{fields}, {ports}}}")).unwrap()
    }

    #[test]
    fn addresses_are_those_of_the_connection_file() {
        assert_eq!(read("\"ip\": \"127.0.0.1\"").endpoint(1), "tcp://127.0.0.1:1");
        assert_eq!(read("\"ip\": \"*\", \"extra\": 1").endpoint(1), "tcp://0.0.0.0:1");
        assert_eq!(read("\"ip\": \"::1\"").endpoint(1), "tcp://[::1]:1");
        let ipc = read("\"ip\": \"/run/kernel\", \"transport\": \"ipc\"");
        assert_eq!(ipc.endpoint(1), "ipc:///run/kernel-1");
    }

    #[tokio::test]
    async fn a_file_that_a_killed_kernel_left_is_no_obstacle() {
        let place = std::env::temp_dir().join(format!("kernel-ipc-{}", std::process::id()));
        let place = place.to_str().unwrap();
        let connection = read(&format!("\"ip\": \"{place}\", \"transport\": \"ipc\""));
        (1..6).for_each(|port| std::fs::write(format!("{place}-{port}"), "").unwrap());
        let (sink, _received) = unbounded_channel();
        connection.bind(sink).await.unwrap();
        (1..6).for_each(|port| drop(std::fs::remove_file(format!("{place}-{port}"))));
    }

    #[test]
    fn another_signature_is_refused() {
        let file = std::env::temp_dir().join(format!("kernel-scheme-{}", std::process::id()));
        let mut connection = Connection::private().unwrap();
        connection.signature_scheme = "hmac-sha512".to_owned();
        std::fs::write(&file, serde_json::to_vec(&connection).unwrap()).unwrap();
        assert!(Connection::read(&file).unwrap_err().contains("hmac-sha256 only"));
        std::fs::remove_file(file).unwrap();
    }

    #[tokio::test]
    async fn a_request_comes_in_and_its_reply_goes_out() {
        let connection = Connection::private().unwrap();
        let (sink, mut received) = unbounded_channel();
        let out = connection.bind(sink).await.unwrap();
        let (client_sink, mut replies) = unbounded_channel();
        let requests = connection.connect(client_sink, || true);
        let request = Message::new("kernel_info_request", serde_json::json!({}));
        requests.send(request.clone()).unwrap();
        let Some(Received::Request(request, To::Shell)) = received.recv().await else { panic!() };
        out.send((To::Shell, request.reply(serde_json::json!({"status": "ok"})))).unwrap();
        let Some(Received::Reply(reply)) = replies.recv().await else { panic!() };
        assert_eq!(reply.content["status"], "ok");
    }
}
