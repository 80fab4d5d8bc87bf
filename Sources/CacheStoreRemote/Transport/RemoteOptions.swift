public import CacheStore
import Glibc

/// The manners of a ``RemoteClient``: deadlines, retries, connections.
public struct RemoteOptions: Sendable {
    /// The time in which a connection must be made.
    public var connectTimeout: Duration = .seconds(10)

    /// The time in which a server must send or take at least one byte.
    ///
    /// No deadline bounds a whole transfer.
    public var stallTimeout: Duration = .seconds(30)

    /// The time in which a registry must finish an upload: it may copy or hash all of it then.
    public var commitTimeout: Duration = .seconds(300)

    /// How many times a request is sent before its failure is an error, at least 1.
    ///
    /// The count begins anew when a transfer has gone on by at least ``progressByteCount`` bytes.
    public var tries = 6

    /// The bytes that must have come for a broken transfer to count as one that goes on.
    public var progressByteCount = 1 << 20

    /// The wait before the second try.
    ///
    /// Each later wait is twice as long, and all of them vary by chance.
    public var firstWait: Duration = .milliseconds(200)

    /// The longest wait between two tries, unless the server asks for a longer one.
    public var longestWait: Duration = .seconds(10)

    /// The longest wait that a server may ask for with `Retry-After`; a longer one is an error at once.
    public var longestRetryAfter: Duration = .seconds(120)

    /// How many redirects are followed for one request.
    public var redirects = 10

    /// How many connections to one server are open at once.
    public var connections = 8

    /// The bytes that an upload sends per request, so that a broken one loses no more.
    public var uploadByteCount = 16 << 20

    /// Whether servers other than this machine may be spoken to without encryption.
    public var allowsPlainHTTP = false

    /// The environment, which names proxies, certificates and files with credentials.
    public var environment: [String: String]

    /// A closure that is told once per address that a server fails and requests are sent again.
    public var warn: (@Sendable (Warning) -> Void)?

    /// Creates the usual options with the environment of this process.
    public init() { environment = Self.processEnvironment }

    private static var processEnvironment: [String: String] {
        var result: [String: String] = [:]
        var index = 0
        while let entry = unsafe environ[index] {
            let text = unsafe String(cString: entry)
            if let equals = text.firstIndex(of: "=") {
                result[String(text[..<equals])] = String(text[text.index(after: equals)...])
            }
            index += 1
        }
        return result
    }
}
