extension HumanFormat {
    /// Returns text in which no address has a user, a password or a query, for these may be secrets.
    ///
    /// A wrong command line is quoted in the message for it, and a misspelled address is taken for a path.
    static func withoutSecrets(_ text: String) -> String {
        guard text.contains(":/") else { return text }
        return
            text
            .replacing(/([A-Za-z][A-Za-z0-9+.\-]+:\/+)[^\s\/@`'"]*@/) { $0.1 }
            .replacing(/([A-Za-z][A-Za-z0-9+.\-]+:\/[^\s`'"?#]*)[?#][^\s`'"]*/) { $0.1 }
    }
}
