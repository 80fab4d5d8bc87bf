extension MemberSet {
    /// The archive's digest: the SHA-256 of the canonical listing of the members that a restore writes; see
    /// <doc:Format>.
    ///
    /// - Complexity: O(*n*), about 100 bytes hashed per member.
    var digest: ObjectID {
        var listing = ListingDigest()
        let settled = settled()
        for action in settled.actions { listing.action(action.id, output: action.output) }
        for output in settled.outputs { listing.output(output) }
        listing.modules(of: self) { chunks[$0].id }
        return listing.finish()
    }
}
