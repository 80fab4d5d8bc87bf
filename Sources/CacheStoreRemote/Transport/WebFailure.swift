import AsyncHTTPClient
import CacheStore
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import SystemPackage

/// A failure of one request, which another try may mend.
struct WebFailure: Error {
    /// The end of a sentence that begins with the action and the address, for example "the connection broke".
    var words: String

    /// How many times a request is sent that fails like this; `nil` for the number of the options.
    var tries: Int?

    /// The wait that the server asked for, if it did.
    var wait: Duration?

    /// The bytes that came before the failure.
    var byteCount = 0

    var remedy: Remedy? = .checkNetwork

    /// Returns the error for a user, after the last try.
    ///
    /// - Parameters:
    ///   - action: The action and its object, as in "cannot `action`: the connection broke".
    ///   - tries: The number of times that the request was sent.
    /// - Returns: The error.
    func error(_ action: String, tries: Int) -> CacheStoreError {
        let times = tries == 1 ? "" : " (tried \(tries) times)"
        return CacheStoreError(.network, "cannot \(action): \(words)\(times)", remedy: remedy)
    }
}

extension WebFailure {
    /// The statuses of a server that may answer otherwise later.
    private static let passing: Set<Int> = [408, 429, 500, 502, 503, 504]

    /// Returns the failure for a status that may pass, or `nil` for any other status.
    init?(status: Int, retryAfter: Duration?) {
        guard Self.passing.contains(status) else { return nil }
        let wait = retryAfter.map { ", and asks for a wait of \($0.components.seconds) s" } ?? ""
        let words = "the server answered \(Self.words(of: status))\(wait)"
        self.init(words: words, wait: retryAfter, remedy: .tryLater)
    }

    /// Returns a status with its phrase.
    static func words(of status: Int) -> String {
        let phrase = HTTPResponseStatus(statusCode: status).reasonPhrase
        return phrase.isEmpty ? "\(status)" : "\(status) \(phrase)"
    }

    /// The failure of a server that sends or takes nothing.
    static func stalled(_ time: Duration) -> Self {
        Self(words: "the server has sent nothing for \(time.components.seconds) s")
    }

    /// The failure of a connection that ended too early.
    static let broken = WebFailure(words: "the connection broke")

    /// Creates the failure that an error of the network libraries stands for.
    init(_ error: any Error) {
        switch error {
        case let failure as WebFailure: self = failure
        case let error as HTTPClientError: self = Self.of(error)
        case let error as NIOSSLError: self = Self.of(error)
        case let error as NIOSSLExtraError where error == .failedToValidateHostname:
            self = Self.certificate("it is not for a server of this name")
        case let error as NIOSSLExtraError: self = Self.certificate(String(describing: error))
        case let error as BoringSSLError: self = Self.certificate(Self.reason(in: String(describing: error)))
        case let error as NIOConnectionError: self = Self.of(error)
        case let error as IOError: self = Self(words: Self.words(of: error))
        case is ChannelError: self = .broken
        default: self = Self(words: "the connection failed (\(String(describing: error).excerpt))")
        }
    }

    private static func of(_ error: HTTPClientError) -> Self {
        switch error {
        case .connectTimeout, .tlsHandshakeTimeout, .httpProxyHandshakeTimeout, .socksHandshakeTimeout:
            Self(words: "the server can't be reached: nothing answers")
        case .remoteConnectionClosed, .uncleanShutdown: .broken
        case .readTimeout, .writeTimeout, .deadlineExceeded:
            Self(words: "the server has sent nothing for too long")
        case .proxyAuthenticationRequired, .invalidProxyResponse:
            Self(words: "the proxy refuses the connection", tries: 1)
        // What stands in parentheses may be a part of the request.
        default:
            Self(words: "the connection failed (\(String(describing: error).prefix { $0 != "(" }))")
        }
    }

    private static func of(_ error: NIOSSLError) -> Self {
        switch error {
        case .handshakeFailed(let cause): handshake(reason(in: String(describing: cause)))
        case .uncleanShutdown: .broken
        case .unableToValidateCertificate: certificate("it can't be checked")
        default: Self(words: "the encrypted connection failed (\(String(describing: error).excerpt))")
        }
    }

    private static func handshake(_ reason: String) -> Self {
        if reason.contains("CERTIFICATE_VERIFY_FAILED") {
            return certificate("no authority that is known here has signed it, or it has expired")
        }
        if ["WRONG_VERSION_NUMBER", "HTTP_REQUEST"].contains(where: { reason.contains($0) }) {
            return Self(words: "the server does not speak TLS there", tries: 1)
        }
        if reason.contains("EOF") { return .broken }
        return Self(words: "the encrypted connection failed (\(reason))", tries: 2)
    }

    private static func certificate(_ reason: String) -> Self {
        Self(
            words: "the server's certificate is not trusted: \(reason.excerpt)",
            tries: 1,
            remedy: .trustAuthority
        )
    }

    private static func of(_ error: NIOConnectionError) -> Self {
        if let first = error.connectionErrors.first {
            if let cause = first.error as? IOError { return Self(words: words(of: cause)) }
            return Self(words: "the server can't be reached: nothing answers")
        }
        return Self(words: "there is no server `\(error.host.excerpt)`, or no network", tries: 3)
    }

    private static func words(of error: IOError) -> String {
        switch Errno(rawValue: error.errnoCode) {
        case .connectionRefused: "the server refuses connections"
        case .connectionReset, .brokenPipe: "the connection broke"
        case .noRouteToHost, .networkUnreachable: "no network leads to the server"
        case let other: "the connection failed (\(other))"
        }
    }

    /// Returns the part of BoringSSL's words that tells something, the name of its reason: for example
    /// `CERTIFICATE_VERIFY_FAILED` of `error:1000007d:SSL
    /// routines:OPENSSL_internal:CERTIFICATE_VERIFY_FAILED at …`.
    private static func reason(in text: String) -> String {
        guard let mark = text.firstRange(of: "OPENSSL_internal:") else { return text.excerpt }
        return String(text[mark.upperBound...].prefix { $0.isUppercase || $0.isNumber || $0 == "_" })
    }
}
