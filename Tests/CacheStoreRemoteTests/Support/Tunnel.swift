import Foundation

/// A proxy that knows `CONNECT` alone, and leads to one port of this machine whatever it is asked for.
final class Tunnel {
    private static let program = """
        import socket, sys, threading
        listener = socket.create_server(("127.0.0.1", 0))
        print(listener.getsockname()[1], flush=True)
        def copy(a, b):
            while data := a.recv(65536): b.sendall(data)
            b.shutdown(socket.SHUT_WR)
        while True:
            near, _ = listener.accept()
            head = b""
            while b"\\r\\n\\r\\n" not in head and (data := near.recv(65536)): head += data
            if not head: continue
            lines = head.decode().split("\\r\\n")
            value = [line.split(": ", 1)[1] for line in lines if line.lower().startswith("proxy-auth")]
            print(" ".join(lines[0].split()[:2] + value), flush=True)
            far = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
            near.sendall(b"HTTP/1.1 200 OK\\r\\n\\r\\n")
            threading.Thread(target=copy, args=(near, far), daemon=True).start()
            threading.Thread(target=copy, args=(far, near), daemon=True).start()
        """

    let port: Int
    private let process = Process()
    private let output = Pipe()

    init(to port: Int) throws {
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["python3", "-c", Self.program, "\(port)"]
        process.standardOutput = output
        try process.run()
        self.port = Int(Self.line(output)) ?? 0
    }

    /// Returns the next line that the proxy prints: method, target and authorization.
    func line() -> String { Self.line(output) }

    private static func line(_ pipe: Pipe) -> String {
        var line = Data()
        while let byte = try? pipe.fileHandleForReading.read(upToCount: 1), !byte.isEmpty,
            byte != Data("\n".utf8)
        {
            line += byte
        }
        return String(decoding: line, as: UTF8.self)
    }

    func end() { process.terminate() }
}
