"""PKI23xx: vcc-pki.toml, the host's own settings."""

from __future__ import annotations

from pki_schema.catalogue.entries import Entry, Told, entry

ENTRIES: tuple[Entry, ...] = (
    entry(
        2301,
        title="vcc-pki.toml cannot be read",
        meaning=(
            "The file is missing, not readable for this user, larger than 64 KiB, not UTF-8 or "
            "not TOML. Nothing is done without it, since it says where ledger and keys lie."
        ),
        example=Told(
            "$ vcc-pki status\n"
            "vcc-pki.toml:1:1: error[PKI2301] cannot be read: No such file or directory"
        ),
        cure=("Name the file with --config FILE or $VCC_PKI_CONFIG, or correct the line told."),
    ),
    entry(
        2302,
        title="An unknown table or key in vcc-pki.toml",
        meaning=(
            "A setting that nobody reads is refused: a misspelt limit would silently be no limit."
        ),
        example=Told("[limits]\nrevocation = 20"),
        cure=("Correct the name as the hint says, here revocations, or remove the line."),
    ),
    entry(
        2303,
        title="A setting of vcc-pki.toml is missing",
        meaning=(
            "Where the repository, the ledger and the keys are has no default: a guess could "
            "create a second PKI."
        ),
        example=Told('[repository]\nbranch = "main"\n\nwithout a url'),
        cure="Add the key that the message names to its table.",
    ),
    entry(
        2304,
        title="A setting of vcc-pki.toml has another type",
        meaning=(
            "Text is quoted and on one line, numbers are plain, [name] makes a table and [[name]] "
            "a list of them."
        ),
        example=Told('[limits]\nrevocations = "20"'),
        cure="Write the value as the message asks, here revocations = 20.",
    ),
    entry(
        2305,
        title="A repository URL that is not allowed",
        meaning=(
            "Paths, file:///, https:// and ssh are read. ext:: would run a command, a leading "
            "hyphen would be an option of git, and a password would show in the list of "
            "processes."
        ),
        example=Told('[repository]\nurl = "https://daemon:secret@git.vcc.internal/pki.git"'),
        cure=(
            "Leave user and password out and keep them in ~/.netrc, or use an SSH key and "
            "git@host:pki.git."
        ),
    ),
    entry(
        2306,
        title="A branch that git does not allow",
        meaning=(
            "The name is handed to git, so it follows git-check-ref-format(1) and never begins "
            "with a hyphen."
        ),
        example=Told('[repository]\nbranch = "release..next"'),
        cure="Write the branch as git branch shows it, e.g. main.",
    ),
    entry(
        2307,
        title="A path of vcc-pki.toml that leads elsewhere",
        meaning=(
            "path lies inside the repository. ~ is not expanded, because a service has another "
            "home than its administrator."
        ),
        example=Told('[state]\nkeys = "~/keys"'),
        cure=(
            "Write the folder in full or relative to the file; for path name a folder inside the "
            "repository."
        ),
    ),
    entry(
        2308,
        title="Two settings are one place",
        meaning=(
            "Ledger, keys, cache and clone have a folder or file each, and so has every target. "
            "In one place each would overwrite the other."
        ),
        example=Told('[state]\nledger = "state"\nkeys = "state"'),
        cure="Give each a place of its own, e.g. state/ledger.db and state/keys.",
    ),
    entry(
        2309,
        title="Something secret would be published",
        meaning=(
            "A target's folder is served to everybody. Neither keys, ledger, passphrase nor clone "
            "may lie inside it, nor may it lie inside theirs."
        ),
        example=Told(
            "[state]\n"
            'keys = "public/keys"\n'
            "\n"
            "[[target]]\n"
            'publication = "public"\n'
            'directory = "public"'
        ),
        cure="Keep published folders apart from all paths of [state].",
    ),
    entry(
        2310,
        title="A channel of [[notify]] that could never tell anybody",
        meaning=(
            "Channels have names of their own, severities that there are, and an address. A URL "
            "with a password in it, and a login without TLS, would show a secret."
        ),
        example=Told(
            "[[notify]]\n"
            'name = "ops"\n'
            'kind = "webhook"\n'
            'url = "https://daemon:secret@alerts.vcc.internal/hook"'
        ),
        cure=(
            "Write what the message asks for. Where the URL itself is a secret, put it into a file "
            "of its own and name that in url_file."
        ),
    ),
)
