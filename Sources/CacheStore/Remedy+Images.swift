extension Remedy {
    /// The advice to choose a cache profile that an image can have.
    public static let chooseProfile = Remedy("chooseProfile", "use `image` or `readonly`")

    /// The advice to choose a name that an image may have in a layout.
    public static let chooseTag = Remedy(
        "chooseTag",
        "use letters, digits, and single `-`, `.`, `_`, `:`, `@`, `/` or `+` between them"
    )

    /// The advice to name one image of a layout by its tag.
    public static let nameTag = Remedy("nameTag", "name the tag of one image in the layout")

    /// The advice to name one image of a layout by its tag or by its architecture.
    public static let nameTagOrArchitecture = Remedy(
        "nameTagOrArchitecture",
        "name the tag of one of them, or its architecture as Go does, for example `amd64`"
    )

    /// The advice to name the architecture of the image.
    public static let nameArchitecture = Remedy("nameArchitecture", "name one, for example `amd64`")

    /// The advice to name an image as the base.
    public static let nameImage = Remedy(
        "nameImage",
        "name an image as the base, and the archive as that which the image is made of"
    )

    /// The advice to convert the base image to the OCI format.
    public static let convertBase = Remedy("convertBase", "copy it with `skopeo copy --format oci`")

    /// The advice to copy the base image again.
    public static let copyBaseAgain = Remedy("copyBaseAgain", "copy the base image again")

    /// The advice to name no tag, because no image of the layout has one.
    public static let omitTag = Remedy("omitTag", "name no tag")

    /// The advice to choose another place for a cache in the image.
    public static let chooseCachePath = Remedy(
        "chooseCachePath",
        "choose another directory for the cache in the image"
    )

    /// The advice to use a base with fewer layers, or to leave a cache out.
    public static let flattenBase = Remedy(
        "flattenBase",
        "use a base with fewer layers, or leave one of the caches out"
    )

    /// The advice to cut the caches into layers by sources and modules.
    public static let cutLayers = Remedy("cutLayers", "cut the caches into layers by sources and modules")

    /// The advice to let the environment of an image name the caches.
    public static let nameCaches = Remedy(
        "nameCaches",
        "set GOCACHE and GOMODCACHE in the image, or wherever it runs"
    )

    /// The advice to make an image whose users can write to the caches.
    public static let useImageProfile = Remedy("useImageProfile", "use the profile `image`")

    /// The advice to leave GOMODCACHE out of the image.
    public static let leaveModulesOut = Remedy("leaveModulesOut", "leave GOMODCACHE out of the image")
}
