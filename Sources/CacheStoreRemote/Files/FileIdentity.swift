/// The marks by which a file on a server is known again.
struct FileIdentity: Sendable, Equatable {
    /// The length, in bytes.
    var byteCount: Int

    /// The entity tag, weak or strong, if the server states one.
    var entityTag: String?

    /// The value of `Last-Modified`, if the server states one.
    var modified: String?

    /// Creates the identity of a file whose length is known from elsewhere.
    init(byteCount: Int) { self.byteCount = byteCount }

    /// Creates the identity that an answer states.
    init(byteCount: Int, of response: WebResponse) {
        self.byteCount = byteCount
        (entityTag, modified) = (response.header("etag"), response.header("last-modified"))
    }

    /// The entity tag if it is strong, so that a server may compare it byte for byte.
    var strongTag: String? { entityTag.flatMap { $0.hasPrefix("\"") ? $0 : nil } }

    /// Returns whether an answer states other marks: then the file is not the same any more.
    func differs(from response: WebResponse) -> Bool {
        if let entityTag, let other = response.header("etag") { return entityTag != other }
        if let modified, let other = response.header("last-modified") { return modified != other }
        return false
    }
}
