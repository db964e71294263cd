module p2p.test/pause

go 1.25.0
