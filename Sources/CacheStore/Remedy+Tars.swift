// MARK: - Tars

extension Remedy {
    /// The advice to get a tar again.
    public static let copyTar = Remedy("copyTar", "download or make the tar again")

    /// The advice to decompress a tar with the program that compressed it.
    public static let decompressTar = Remedy(
        "decompressTar",
        "decompress it with the program that compressed it, and name the plain tar"
    )

    /// The advice to use an archive as it is, because it need not be packed.
    public static let useArchive = Remedy(
        "useArchive",
        "it is packed already: restore it, take members out of it, or unite it with others"
    )

    /// The advice to name GOCACHE in a tar, or to leave it out.
    public static let placeBuildCache = Remedy(
        "placeBuildCache",
        "name the path that the build cache has in the tar, or leave the build cache out"
    )

    /// The advice to name GOMODCACHE in a tar, or to leave it out.
    public static let placeModuleCache = Remedy(
        "placeModuleCache",
        "name the path that the module cache has in the tar, or leave the module cache out"
    )
}
