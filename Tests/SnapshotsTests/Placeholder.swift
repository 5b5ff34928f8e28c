import Testing

@Suite struct SnapshotsPlaceholder {}
