import Testing

@Suite struct FlatMemoryPlaceholder {}
