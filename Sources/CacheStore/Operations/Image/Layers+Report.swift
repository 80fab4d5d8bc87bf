extension Layers {
    /// A report on the layers that an image was made of.
    public struct Report: Hashable, Sendable {
        /// A layer.
        public struct Layer: Hashable, Sendable {
            /// The content of the layer, in a few words.
            public var title: String

            /// The SHA-256 of the blob.
            public var digest: ObjectID

            /// The SHA-256 of the tar stream, by which an image's configuration names the layer.
            public var diffID: ObjectID

            /// The length of the blob, in bytes.
            public var bytes: Int

            /// The length of the tar stream, in bytes.
            public var tarBytes: Int

            /// The number of bytes of the blob that are frames of the archive.
            public var splicedBytes: Int

            /// The labels of the sources that hold the whole layer.
            ///
            /// The list is empty for a layer that belongs to this image alone.
            public var sources: [String]
        }

        /// The digest of the archive or, with ``Layers/Options/only``, of the members that were chosen.
        public var archiveDigest: ObjectID

        /// The SHA-256 of the image's manifest.
        public var manifestDigest: ObjectID

        /// The SHA-256 of the image's configuration.
        public var configurationDigest: ObjectID

        /// The layers that were made, the lowest first.
        public var layers: [Layer]

        /// The number of layers of the base.
        public var baseLayers: Int

        /// The length of the base's layers, in bytes.
        public var baseBytes: Int

        /// The architecture that the image names.
        public var architecture: String

        /// Warnings of entries that will miss because of the caches' paths, or because sources differ.
        public var warnings: [Warning]
    }
}
