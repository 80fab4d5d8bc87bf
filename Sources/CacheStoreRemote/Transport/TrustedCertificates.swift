import CacheStore
import NIOSSL
import SystemPackage

/// The certificates of the authorities that this machine trusts.
///
/// `SSL_CERT_FILE` takes the place of the system's file, and the first directory of `SSL_CERT_DIR` that of
/// the system's directory, which is read only where there is no file.
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
        let file = try file(environment)
        // NIOSSL takes a directory in the first place only.
        let directory = named("SSL_CERT_DIR", environment)?.split(separator: ":").map(String.init).first(
            where: isReadable
        )
        guard let first = directory ?? file ?? directories.first(where: isReadable) else {
            throw missing("this machine has no certificates of authorities to check servers with")
        }
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.trustRoots = .file(first)
        if directory != nil, let file { configuration.additionalTrustRoots = [.file(file)] }
        // A directory may have other files, too. A file that is named must hold certificates.
        if let file, (try? NIOSSLCertificate.fromPEMFile(file))?.isEmpty ?? true {
            let variable = named("SSL_CERT_FILE", environment) == nil ? "" : ", which `SSL_CERT_FILE` names"
            throw missing(
                "`\(file.excerpt)`\(variable), holds no certificates as PEM, or a broken one"
            )
        }
        do {
            _ = try NIOSSLContext(configuration: configuration)
        } catch {
            throw missing("the certificates of authorities in `\(first)` can't be read")
        }
        return configuration
    }

    /// Returns the file of certificates, if there is one.
    private static func file(_ environment: [String: String]) throws(CacheStoreError) -> String? {
        guard let file = named("SSL_CERT_FILE", environment) else { return files.first(where: isReadable) }
        guard isReadable(file) else {
            throw missing("`SSL_CERT_FILE` names `\(file.excerpt)`, which can't be read")
        }
        return file
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
