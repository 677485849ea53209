//! The sockets towards Jupyter and towards evcxr. Each is read and written by a task of its own, so
//! that no slow or broken connection holds up the kernel.

use super::To;
use super::message::{Key, Message};
use crate::error::{Context, Result};
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use zeromq::{
    DealerSocket, PubSocket, RepSocket, RouterSocket, Socket, SocketRecv, SocketSend, SubSocket,
    ZmqMessage,
};

/// A connection file.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Connection {
    transport: String,
    ip: String,
    key: String,
    signature_scheme: String,
    shell_port: u16,
    iopub_port: u16,
    stdin_port: u16,
    control_port: u16,
    hb_port: u16,
}

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
        serde_json::from_slice(&text).context(unreadable)
    }

    /// One with free ports of this machine, for evcxr.
    pub fn private() -> Result<Connection> {
        // All are held until all are found, so that no two are the same.
        let listeners: std::io::Result<Vec<_>> =
            (0..5).map(|_| std::net::TcpListener::bind("127.0.0.1:0")).collect();
        let listeners = listeners.context("no free port")?;
        let ports: std::io::Result<Vec<u16>> =
            listeners.iter().map(|listener| Ok(listener.local_addr()?.port())).collect();
        let ports = ports.context("no free port")?;
        Ok(Connection {
            transport: "tcp".to_owned(),
            ip: "127.0.0.1".to_owned(),
            key: uuid::Uuid::new_v4().to_string(),
            signature_scheme: "hmac-sha256".to_owned(),
            shell_port: ports[0],
            iopub_port: ports[1],
            stdin_port: ports[2],
            control_port: ports[3],
            hb_port: ports[4],
        })
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

    /// Connects with evcxr, which is starting. What is sent into the sender goes to its shell.
    ///
    /// # Errors
    /// No connection within the time that a slow machine needs.
    pub async fn connect(&self, sink: Sink) -> Result<UnboundedSender<Message>> {
        let key = Key::new(&self.key);
        let mut iopub = SubSocket::new();
        self.connected(&mut iopub, self.iopub_port).await?;
        iopub.subscribe("").await.context("evcxr's messages")?;
        let mut shell = DealerSocket::new();
        self.connected(&mut shell, self.shell_port).await?;
        let (shell_out, shell_in) = shell.split();
        tokio::spawn(read(iopub, key.clone(), sink.clone(), Received::Said));
        tokio::spawn(read(shell_in, key.clone(), sink, Received::Reply));
        Ok(writer(shell_out, key))
    }

    async fn connected(&self, socket: &mut impl Socket, port: u16) -> Result<()> {
        let endpoint = self.endpoint(port);
        let mut last = String::new();
        for _ in 0..600 {
            match socket.connect(&endpoint).await {
                Ok(()) => return Ok(()),
                Err(error) => last = error.to_string(),
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Err(format!("no connection with evcxr_jupyter: {last}"))
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

fn writer(mut socket: impl SocketSend + Send + 'static, key: Key) -> UnboundedSender<Message> {
    let (sender, mut messages): (_, UnboundedReceiver<Message>) = unbounded_channel();
    tokio::spawn(async move {
        while let Some(message) = messages.recv().await {
            // A client that is gone is no reason to stop.
            let wire: ZmqMessage = message.to_wire(&key);
            let _ = socket.send(wire).await;
        }
    });
    sender
}
