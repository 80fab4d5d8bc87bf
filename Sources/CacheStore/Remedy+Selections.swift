extension Remedy {
    /// The advice to allow a longer archive, or to leave other members out.
    public static let allowSize = Remedy(
        "allowSize",
        "allow at least that size, or leave out more by source, class or use"
    )

    /// The advice to log what go commands use, and to select by that.
    public static let logUseToSelect = Remedy(
        "logUseToSelect",
        "name the log of a program that has served GOCACHE to go commands"
    )

    /// The advice to choose a higher level, or to keep the frames as they are.
    public static let keepLevel = Remedy(
        "keepLevel",
        "choose a higher level, or name none, to take the content as it is stored"
    )

    /// The advice to leave GOCACHE alone, where an archive has nothing for it.
    public static let leaveBuildCache = Remedy("leaveBuildCache", "leave the build cache out")

    /// The advice to leave GOMODCACHE alone, where an archive has nothing for it.
    public static let leaveModuleCache = Remedy("leaveModuleCache", "leave the module cache out")

    /// The advice to compare a pattern with the names that an archive has.
    public static let checkPattern = Remedy(
        "checkPattern",
        "a pattern must match a whole name, and the names are those that an explanation of the archive lists"
    )
}
