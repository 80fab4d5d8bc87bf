/// Advice to the reader of an error or a warning: one action that helps.
///
/// ``code`` identifies the action for a program. ``description`` states the action in words that name neither
/// a program nor an option. A command line may put the same advice into words of its own, as `cachectl` does.
public struct Remedy: Hashable, Sendable {
    /// The kind of action; stable across releases.
    public let code: Code

    /// The action as one sentence in the imperative, without a trailing period.
    public let description: String

    /// The value that the action needs, if it needs one that can be named, for example a path.
    public let value: String?

    init(_ name: String, _ description: String, value: String? = nil) {
        code = Code(rawValue: name)
        self.description = description
        self.value = value
    }
}

extension Remedy: CustomStringConvertible {}

extension Remedy {
    /// The kind of a remedy.
    ///
    /// The type is a struct rather than an enum, so that a later release can add a code without breaking a
    /// caller's `switch`.
    public struct Code: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
        /// The code's name, for example `overwrite`.
        public let rawValue: String

        /// Creates a code by its name.
        public init(rawValue: String) { self.rawValue = rawValue }

        /// The code's name.
        public var description: String { rawValue }

        /// The code of ``Remedy/chooseSource(among:)``, whose words depend on the archive.
        public static let chooseSource = Code(rawValue: "chooseSource")

        /// The code of ``Remedy/useModuleCache(at:)``, whose words and value depend on the sources.
        public static let useModuleCache = Code(rawValue: "useModuleCache")
    }
}

// MARK: - The file system

extension Remedy {
    /// The advice to allow the output to be replaced, or to choose another name.
    public static let overwrite = Remedy(
        "overwrite",
        "choose another name, or allow the output to be replaced"
    )

    /// The advice to choose another name for the output, because the existing file or directory is never
    /// replaced.
    public static let chooseName = Remedy("chooseName", "choose another name, or remove what stands there")

    /// The advice to choose another name for the output, because the result needs the archive that has it.
    public static let chooseOtherName = Remedy("chooseOtherName", "choose another name")

    /// The advice to name a file where a directory was named.
    public static let nameFile = Remedy("nameFile", "name a file")

    /// The advice to make the directory in which the output is to be.
    public static let makeDirectory = Remedy("makeDirectory", "make the directory first, or choose another")

    /// The advice to remove an obstacle from the place of a file or directory.
    public static let removeObstacle = Remedy("removeObstacle", "remove it")

    /// The advice to get access to a file or directory.
    public static let getAccess = Remedy(
        "getAccess",
        "check the owner and the mode, or run as the user who owns it"
    )

    /// The advice to choose a file system that can be written to.
    public static let chooseWritable = Remedy(
        "chooseWritable",
        "choose a place on a file system that can be written to"
    )

    /// The advice to choose a path whose names are UTF-8.
    public static let chooseUTF8 = Remedy("chooseUTF8", "choose a path whose names are UTF-8")

    /// The advice to name a directory by its absolute path.
    public static let nameAbsolutePath = Remedy("nameAbsolutePath", "give its absolute path")

    /// The advice to let the go command start a cache program.
    public static let startWithGo = Remedy(
        "startWithGo",
        "let the go command start the program: it does so if `GOCACHEPROG` names the program"
    )

    /// The advice to allow the process more open files.
    public static let allowOpenFiles = Remedy(
        "allowOpenFiles",
        "raise the limit of open files (`ulimit -n`) to 1024 or more"
    )

    /// The advice to allow the process longer files.
    public static let allowFileSize = Remedy(
        "allowFileSize",
        "raise the limit of a file's length (`ulimit -f`), or choose a file system that holds longer files"
    )

    /// The advice to run again what met a file that another process was writing.
    public static let runAgain = Remedy(
        "runAgain",
        "run it again when nothing writes to that file any more"
    )

    /// The advice to give the process more memory.
    public static let freeMemory = Remedy("freeMemory", "give it more memory, or use fewer threads")

    /// The advice to allow the process more threads.
    public static let allowThreads = Remedy(
        "allowThreads",
        "raise the limit of processes (`ulimit -u`, or the container's pids limit), or use fewer threads"
    )

    /// The advice to look for a fault of the disk or of the file server.
    public static let checkDisk = Remedy(
        "checkDisk",
        "check the disk or the file server (the system's log says more), then try again"
    )

    /// The advice to pack a cache as its owner.
    public static let packAsOwner = Remedy(
        "packAsOwner",
        "pack as the user who owns the cache, or make its files and directories readable: a cache that was "
            + "sealed for an image lets other users add entries, but not list them"
    )

    /// The advice to free space on a file system.
    public static let freeSpace = Remedy("freeSpace", "free some space there, or choose another place")
}

// MARK: - Archives

extension Remedy {
    /// The advice to pack the archive again, or to copy it again.
    public static let packAgain = Remedy("packAgain", "pack the archive again, or copy it again")

    /// The advice for an archive that was written with an index that contradicts itself.
    public static let makeAgain = Remedy(
        "makeAgain",
        "no damage does this: who wrote the archive did it wrong or has changed it; make it again"
    )

    /// The advice for an archive with damaged content: to make or copy it again, to repair it from archives
    /// that have the same content, or to restore the rest.
    public static let recoverContent = Remedy(
        "recoverContent",
        "pack the archive again, or copy it again; or repair it with archives that have the same content; "
            + "or restore it without the damaged members"
    )

    /// The advice for an archive that is damaged in its index or around it: to make or copy it again, or to
    /// repair it.
    public static let recoverIndex = Remedy(
        "recoverIndex",
        "pack the archive again, or copy it again; or repair it, which finds an index that is sound, or "
            + "takes that of an archive that has the same content"
    )

    /// The advice for an archive that has no sound index: to make or copy it again, or to repair it with the
    /// index of another archive.
    public static let useOtherIndex = Remedy(
        "useOtherIndex",
        "pack the archive again, or copy it again; or repair it with the index of an archive that has the "
            + "same content"
    )

    /// The advice to read the answer of a server that was kept under an archive's name.
    public static let readAnswer = Remedy(
        "readAnswer",
        "read it, since it may say why there was no download, and download the archive again"
    )

    /// The advice to unpack a container around an archive.
    public static let unpack = Remedy("unpack", "unpack it, and use the archive that is in it")

    /// The advice to copy an archive again, or to decompress it.
    public static let copyOrUnpack = Remedy(
        "copyOrUnpack",
        "copy or pack it again; if it was compressed with zstd, decompress it"
    )

    /// The advice to decompress an archive that may be compressed as a whole.
    public static let decompress = Remedy("decompress", "if it was compressed with zstd, decompress it")

    /// The advice to fetch an archive that is kept in Git LFS.
    public static let fetchFromGit = Remedy("fetchFromGit", "fetch the archive itself with `git lfs pull`")

    /// The advice not to use an archive that no version of this library writes.
    public static let distrust = Remedy(
        "distrust",
        "do not use this archive: this library writes none like it"
    )

    /// The advice to read the archive with the version that wrote it, or with a newer one.
    public static let upgrade = Remedy("upgrade", "use the version that wrote it, or a newer one")

    /// The advice to give each pack a label of its own.
    public static let relabel = Remedy("relabel", "give each pack its own label")

    /// The advice for action entries of which archives hold several outputs.
    public static let findForger = Remedy(
        "findForger",
        "find out which job did not build what the others built, or why the build is not reproducible; or "
            + "leave these entries out"
    )

    /// The advice to give this pack a label that differs from the label of a base.
    public static let relabelPack = Remedy("relabelPack", "give this pack another label")

    /// The advice to find out which job's module differs from go.sum.
    public static let compareWithGoSum = Remedy(
        "compareWithGoSum",
        "find out which job's module differs from go.sum before you use either"
    )

    /// The advice to save an archive that comes as a stream to a file first.
    public static let saveToFile = Remedy("saveToFile", "save it to a file first, and name that file")

    /// The advice to list the members of the archive.
    public static let listMembers = Remedy("listMembers", "list the members of the archive and their files")

    /// The advice to read the files of a module's tree instead of its zip.
    public static let readTree = Remedy(
        "readTree",
        "read files of the tree, or restore with zips made from trees"
    )

    /// Returns the advice to choose among the labels of an archive's sources.
    ///
    /// - Parameter labels: The labels that the archive has.
    /// - Returns: The remedy.
    public static func chooseSource(among labels: [String]) -> Remedy {
        Remedy(Code.chooseSource.rawValue, "choose among its sources: \(labels.joined(separator: ", "))")
    }
}

// MARK: - Caches and Go

extension Remedy {
    /// The advice to build the damaged entries again, or to pack without strictness.
    public static let rebuild = Remedy(
        "rebuild",
        "pack without strictness, which leaves out and lists what can't be packed; or remove that, and build "
            + "again"
    )

    /// The advice to remove from a cache what no archive may hold.
    public static let removeMember = Remedy("removeMember", "remove it from its cache, and pack again")

    /// The advice to give the source a label that is allowed.
    public static let chooseLabel = Remedy(
        "chooseLabel",
        "use 1 to 64 letters, digits, `.`, `_` or `-`, and begin with a letter, a digit or `_`"
    )

    /// The advice to choose a compression level in the range that the message names.
    public static let chooseLevel = Remedy("chooseLevel", "choose another level")

    /// The advice to compress an archive in a first step.
    public static let compressFirst = Remedy(
        "compressFirst",
        "compress it again first, and then limit the size of the result"
    )

    /// The advice to check whether the two caches were swapped.
    public static let swapCaches = Remedy("swapCaches", "check whether the two caches were swapped")

    /// The advice to pack with the environment and in the directory of the build.
    public static let packWhereBuilt = Remedy(
        "packWhereBuilt",
        "pack with the environment of the build, and in the directory of its go.mod, whose toolchain line "
            + "chooses the version"
    )

    /// The advice to restore the caches so that Go marks what it uses.
    public static let restoreForUse = Remedy(
        "restoreForUse",
        "restore with the profile `ci` into the directory in which the job builds, or into an empty one"
    )

    /// The advice to log what go commands use.
    public static let logUse = Remedy(
        "logUse",
        "name the log of the program that has served GOCACHE to the job's go commands, and pack after them"
    )

    /// The advice to do all steps of a job as one user.
    public static let useOneUser = Remedy(
        "useOneUser",
        "restore as the user who builds, and pack as that user, too"
    )

    /// The advice to let Go use its indexes of packages.
    public static let useIndexes = Remedy("useIndexes", "build without `goindex=0` in GODEBUG")

    /// The advice to name the directory of the job's sources.
    public static let nameCheckout = Remedy(
        "nameCheckout",
        "name the directory of the job's sources, in which its go.sum files are"
    )

    /// The advice to name the directory in which a job builds.
    public static let nameSources = Remedy(
        "nameSources",
        "name the directory in which the job builds, after it was checked out"
    )

    /// The advice to make a `go.sum`.
    public static let makeSums = Remedy("makeSums", "make go.sum with `go mod tidy`, and commit it")

    /// The advice to name a `go.sum`.
    public static let nameSums = Remedy("nameSums", "name the go.sum of the module that is built")

    /// The advice to find out why a module differs from `go.sum`.
    public static let compareSums = Remedy(
        "compareSums",
        "use neither before you know which of the two is wrong: `go mod download` with an empty GOMODCACHE "
            + "fails if it is go.sum; otherwise do not use this archive, and pack a GOMODCACHE that Go has "
            + "filled by this go.sum"
    )

    /// The advice to heed the words of the Go command.
    public static let heedGo = Remedy(
        "heedGo",
        "mend what Go names: builds with these settings fail in the same way"
    )

    /// The advice to use a name that a key may begin with.
    public static let chooseKeyPrefix = Remedy(
        "chooseKeyPrefix",
        "use 1 to 64 letters, digits, `.`, `_` or `-`, and begin with a letter, a digit or `_`"
    )

    /// The advice to keep fuzz corpora by other means.
    public static let keepCorpora = Remedy(
        "keepCorpora",
        "keep that directory by other means, or move what is worth keeping to `testdata/fuzz`"
    )

    /// The advice to restore modules with names that image layers can't hold, which makes their zips.
    public static let restoreZips = Remedy(
        "restoreZips",
        "pack these caches, and restore the archive in the image: it then gets zips of such modules, and "
            + "programs of that kind are left out"
    )

    /// The advice to name the directory that is GOCACHE.
    public static let nameBuildCache = Remedy(
        "nameBuildCache",
        "name the directory that `go env GOCACHE` prints"
    )

    /// The advice to name the directory that is GOMODCACHE.
    public static let nameModuleCache = Remedy(
        "nameModuleCache",
        "name the directory that `go env GOMODCACHE` prints"
    )

    /// The advice to install Go, or to name its location.
    public static let installGo = Remedy("installGo", "install Go, put it on PATH, or name its path")

    /// The advice to record a Go environment when packing, or to have the Go command judge packages.
    public static let recordEnvironment = Remedy(
        "recordEnvironment",
        "record the Go environment when packing, or have Go judge packages"
    )

    /// The advice to restore the archive first, and then to judge packages.
    public static let restoreFirst = Remedy(
        "restoreFirst",
        "restore the archive first, best in the image itself, and then judge packages"
    )

    /// Returns the advice to have GOMODCACHE where the jobs had it.
    ///
    /// - Parameter path: The path in the jobs, which is the ``value``.
    /// - Returns: The remedy.
    public static func useModuleCache(at path: String) -> Remedy {
        Remedy(
            Code.useModuleCache.rawValue,
            "set `GOMODCACHE=\(path)` here, or build with -trimpath in the jobs and here",
            value: path
        )
    }

    /// The advice to compare the environments setting by setting.
    public static let diagnose = Remedy(
        "diagnose",
        "compare the archive with the environment here, setting by setting"
    )
}
