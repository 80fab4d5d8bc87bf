// MARK: - Servers and registries

extension Remedy {
    /// The advice to leave user and password out of an address.
    public static let omitPassword = Remedy(
        "omitPassword",
        "leave them out; sign in to a registry with `docker login`, and use a signed address for others"
    )

    /// The advice to encrypt the connection to a server.
    public static let encrypt = Remedy(
        "encrypt",
        "use `https://`, or allow plain HTTP where nobody else can read or change what is sent"
    )

    /// The advice to look for a fault of the network.
    public static let checkNetwork = Remedy(
        "checkNetwork",
        "check the name of the server, the network, and the proxy that `HTTPS_PROXY` names; then try again"
    )

    /// The advice to try again when a server has recovered.
    public static let tryLater = Remedy("tryLater", "try again later")

    /// The advice to install the certificates of the authorities that sign those of servers.
    public static let installCertificates = Remedy(
        "installCertificates",
        "install them (most distributions: the package `ca-certificates`), or name a file of them in "
            + "`SSL_CERT_FILE`"
    )

    /// The advice to trust the authority that signed a server's certificate.
    public static let trustAuthority = Remedy(
        "trustAuthority",
        "check the name of the server; if its operator has an authority of their own, name a file with that "
            + "certificate in `SSL_CERT_FILE`"
    )

    /// The advice to sign in to a registry.
    public static let signIn = Remedy(
        "signIn",
        "sign in, for example with `docker login`, or set `GITHUB_TOKEN` for ghcr.io; the account must have "
            + "the right to do this"
    )

    /// The advice to get a new signed address.
    public static let signAgain = Remedy(
        "signAgain",
        "check the address; one that is signed is good for a while only, so ask for a new one"
    )

    /// The advice to download a file that a server gives only as a whole.
    public static let downloadFirst = Remedy(
        "downloadFirst",
        "download the whole file first, and name the file that was downloaded"
    )

    /// The advice to check the name and the tag of an artifact.
    public static let checkName = Remedy("checkName", "check the name and the tag")

    /// The advice to name an artifact that holds archives.
    public static let nameArtifact = Remedy(
        "nameArtifact",
        "name an artifact that was made of archives of caches"
    )

    /// The advice to read a file again when nobody replaces it any more.
    public static let readAgain = Remedy(
        "readAgain",
        "run it again: the file was replaced, and the new one can be read as a whole"
    )

    /// The advice to name a tag in place of a digest.
    public static let pushToTag = Remedy("pushToTag", "name a tag, as in `oci://ghcr.io/owner/name:tag`")

    /// The advice to choose another tag.
    public static let chooseOtherTag = Remedy(
        "chooseOtherTag",
        "name another tag or repository, or delete that tag first"
    )

    /// The advice to unite archives first.
    public static let uniteFirst = Remedy("uniteFirst", "unite the archives first, and push the union")

    /// The advice to name another directory for temporary files.
    public static let chooseScratch = Remedy(
        "chooseScratch",
        "free some space there, or choose another directory for temporary files"
    )

    /// The advice to name a registry's archive by its address.
    public static let nameRegistry = Remedy("nameRegistry", "name it by an address that begins with `oci://`")
}
