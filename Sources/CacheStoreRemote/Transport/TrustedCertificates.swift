import CacheStore
import NIOSSL
import SystemPackage

/// The certificates of the authorities that this machine trusts.
///
/// `SSL_CERT_FILE` and `SSL_CERT_DIR` take the place of the system's file and directory, as with OpenSSL, curl
/// and Go.
enum TrustedCertificates {
    /// The files of distributions, as Go's `crypto/x509` lists them in `root_linux.go`.
    private static let files = [
        "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem",
        "/etc/pki/tls/cacert.pem", "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", "/etc/ssl/cert.pem",
    ]

    private static let directories = ["/etc/ssl/certs", "/etc/pki/tls/certs"]

    /// Returns the settings of encrypted connections.
    ///
    /// - Parameter environment: The environment of the process.
    /// - Returns: Settings that check the certificates and the names of servers.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/network`` if there are no certificates.
    static func configuration(_ environment: [String: String]) throws(CacheStoreError) -> TLSConfiguration {
        var roots: [String] = []
        if let file = named("SSL_CERT_FILE", environment) {
            guard isReadable(file) else { throw missing("`SSL_CERT_FILE` names no file that can be read") }
            roots.append(file)
        } else if let file = files.first(where: isReadable) {
            roots.append(file)
        }
        if let list = named("SSL_CERT_DIR", environment) {
            roots += list.split(separator: ":").map(String.init).filter(isReadable)
        } else if let directory = directories.first(where: isReadable) {
            roots.append(directory)
        }
        guard let first = roots.first else {
            throw missing("this machine has no certificates of authorities to check servers with")
        }
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.trustRoots = .file(first)
        configuration.additionalTrustRoots = roots.dropFirst().map { .file($0) }
        do {
            _ = try NIOSSLContext(configuration: configuration)
        } catch {
            throw missing("the certificates of authorities in `\(first)` can't be read")
        }
        return configuration
    }

    private static func named(_ variable: String, _ environment: [String: String]) -> String? {
        environment[variable].flatMap { $0.isEmpty ? nil : $0 }
    }

    private static func isReadable(_ path: String) -> Bool {
        guard let descriptor = try? FileDescriptor.open(FilePath(path), .readOnly) else { return false }
        try? descriptor.close()
        return true
    }

    private static func missing(_ message: String) -> CacheStoreError {
        CacheStoreError(.network, message, remedy: .installCertificates)
    }
}
