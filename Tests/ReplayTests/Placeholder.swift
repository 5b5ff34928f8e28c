import Testing

@Suite struct ReplayPlaceholder {}
