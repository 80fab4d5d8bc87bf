/// A means to sign in to a registry.
enum Credential: Sendable, Equatable {
    /// A user and a password, or a token in its place.
    case password(user: String, Secret)
    /// A token that a token server exchanges for one of short life (`identitytoken`).
    case identityToken(Secret)
    /// A token that is sent as it is (`registrytoken`).
    case bearer(Secret)

    /// The header of Basic authentication, or `nil` if there is no password.
    var basic: Secret? {
        guard case .password(let user, let password) = self else { return nil }
        return Secret("Basic " + Base64.encoded("\(user):\(password.value)"))
    }
}
