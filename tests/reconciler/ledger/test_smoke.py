def test_smoke(world, make):
    root = world.authority("root")
    ca = world.authority("issuing", issuer=root, parent="root", ocsp="presigned")
    a, b = make.service("a"), make.service("b")
    world.accept("c1", meanings=(a, b), objects=(make.facts("Service", "a", tenant="vcc"),))
    t = world.touched()
    assert [s.identity for s in t.subjects] == [a.subject, b.subject]
    world.issue(a, b, issuer=ca)
    t = world.touched()
    assert not t.subjects
    print(t.crls_due, t.answers_due, t.authorities.keys())
