"""PKI1xxx: bytes, YAML, paths and what git lists."""

from __future__ import annotations

from pki_schema.catalogue.entries import Entry, Told, entry
from pki_schema.catalogue.examples import (
    SERVICE,
    manifest,
    revocation,
    service,
    text,
)

ENTRIES: tuple[Entry, ...] = (
    entry(
        1001,
        title="The file is not YAML",
        meaning=(
            "The YAML parser could not read on at this place. Most often a text begins with a "
            "sign that means something to YAML (@, `, %, *, &), holds a colon followed by a "
            "space, or is indented with a tab."
        ),
        example=service("description: @team", 'description: "@team"'),
        cure=(
            "Look at the line and column told. Put the text in quotes, or correct brackets and "
            "indentation."
        ),
    ),
    entry(
        1002,
        title="A byte order mark at the beginning",
        meaning=(
            "Some Windows editors begin a file with the invisible character U+FEFF. It would be "
            "part of the first key for some readers and nothing for others, so manifests have "
            "none."
        ),
        example=text(
            "tenants/vcc/services/api.yaml",
            "\ufeff" + manifest("Service", "api", SERVICE),
            manifest("Service", "api", SERVICE),
        ),
        cure="Save the file as UTF-8 without BOM.",
    ),
    entry(
        1003,
        title="The file is UTF-16",
        meaning=(
            "Manifests are UTF-8 (YAML 1.2 allows more). Reviewers see a diff of UTF-16 as a "
            "binary file, so nobody would know what they agree to."
        ),
        example=Told("In PowerShell 5: 'kind: Service' > tenants/vcc/services/api.yaml"),
        cure="Save the file as UTF-8, e.g. with iconv -f UTF-16 -t UTF-8.",
    ),
    entry(
        1004,
        title="A byte that is not UTF-8",
        meaning=(
            "The file was written in another encoding, such as Latin-1 or Windows-1252. What its "
            "umlauts are would depend on who reads it."
        ),
        example=Told('"organization: Behörde" saved as Latin-1, where ö is the one byte 0xf6'),
        cure="Save the file as UTF-8, e.g. with iconv -f ISO-8859-1 -t UTF-8.",
    ),
    entry(
        1005,
        title="A hidden or misleading character",
        meaning=(
            "Control characters, zero-width characters and marks of writing direction (Unicode TR "
            "36 section 2.2) make a line look different from what it says. They are refused in "
            "the whole file, comments included: a reviewer must see what is declared. A carriage "
            "return may stand only before a line feed."
        ),
        example=service('description: "exchange\u202e for all"', 'description: "exchange for all"'),
        cure=(
            "Go to the column told and remove the character; it may be invisible there. End lines "
            "with a line feed."
        ),
    ),
    entry(
        1006,
        title="The file is larger than 1 MiB",
        meaning=(
            "Every file is read before anything is known of it, so its size has a bound that no "
            "honest manifest reaches."
        ),
        example=Told("A service with 20,000 alternative names in one file of 1.2 MiB"),
        cure="Spread the objects over several files, one object each.",
    ),
    entry(
        1007,
        title="Mappings and lists are nested too deeply",
        meaning=(
            "More than 32 levels are refused before anything is built, because a hostile file "
            "could exhaust the reader. No kind comes near that."
        ),
        example=service("description: " + "[" * 31 + "]" * 31, "description: flat"),
        cure="Flatten the structure; look for a bracket that opens too often.",
    ),
    entry(
        1008,
        title="More than 10,000 values in one file",
        meaning=(
            "Keys and values of one file are counted while they are read, so that the work for "
            "one file has a bound."
        ),
        example=Told("A service with 10,000 certificates in its list"),
        cure="Spread the objects over several files.",
    ),
    entry(
        1009,
        title="The file is empty",
        meaning=(
            "A file in a folder for manifests declares one object. An empty one, or one of "
            "comments alone, is most often a forgotten save."
        ),
        example=text(
            "tenants/vcc/services/web.yaml",
            "# to be written\n",
            manifest("Service", "web", SERVICE),
        ),
        cure="Write the object, or delete the file.",
    ),
    entry(
        1010,
        title="A second document in one file",
        meaning=(
            "One file holds one object, so that a path stands for one thing in reviews, messages "
            "and the ledger."
        ),
        example=text(
            "tenants/vcc/services/api.yaml",
            manifest("Service", "api", SERVICE) + "---\n" + manifest("Service", "web", SERVICE),
            manifest("Service", "api", SERVICE),
        ),
        cure="Move each document behind a --- into a file of its own.",
    ),
    entry(
        1011,
        title="An anchor or an alias",
        meaning=(
            "&name and *name make a value stand where nobody wrote it, and a few of them can grow "
            "into gigabytes. What a reviewer reads at one place must be all that is there."
        ),
        example=service("description: &what Monitoring", "description: Monitoring"),
        cure=(
            "Write the value out where it is needed. What services share belongs in a template. "
            "Quote text that begins with & or *."
        ),
    ),
    entry(
        1012,
        title="A merge key",
        meaning=(
            "<< puts fields of another mapping into this one; parsers disagree about which of "
            "them wins, and YAML 1.2 has dropped it."
        ),
        example=service("<<: {suspend: true}", "suspend: true"),
        cure="Write the fields out.",
    ),
    entry(
        1013,
        title="A tag",
        meaning=(
            "!tags change the type of a value behind the reader's back, and in some libraries "
            "create objects. The types here follow from the kind alone."
        ),
        example=service("description: !!str 42", 'description: "42"'),
        cure="Remove the tag, and quote the value if it is text.",
    ),
    entry(
        1014,
        title="A YAML directive",
        meaning=(
            "%YAML and %TAG lines change how the rest of the file is read. No manifest needs one, "
            "and many of them make the parser slow."
        ),
        example=text(
            "tenants/vcc/services/api.yaml",
            "%YAML 1.2\n---\n" + manifest("Service", "api", SERVICE),
            manifest("Service", "api", SERVICE),
        ),
        cure="Remove the line, and the --- behind it.",
    ),
    entry(
        1015,
        title="A key is given twice",
        meaning=(
            "Most YAML readers take the second value without a word, so one of the two lines "
            "would be a lie."
        ),
        example=service("suspend: true\nsuspend: false", "suspend: true"),
        cure="Keep one of the two lines; the message names both.",
    ),
    entry(
        1016,
        title="A key that is not text",
        meaning=(
            "Numbers, true, false, null, lists and mappings are values here, never keys. Unquoted "
            "they are something else to each reader."
        ),
        example=service("parameters: {1: one}", 'parameters: {"1": one}'),
        cure=("Write key: value, and quote a key that looks like a number or a constant."),
    ),
    entry(
        1017,
        title="A number with more than 18 digits",
        meaning=(
            "Larger numbers lose digits in many programs. A number of that length is nearly "
            "always a serial number, which is text here."
        ),
        example=revocation(
            "target: {ca: vcc-services, serial: 12345678901234567890}",
            'target: {ca: vcc-services, serial: "ab54a98ceb1f0ad2"}',
        ),
        cure="Quote it, and write serial numbers in hexadecimal.",
    ),
    entry(
        1020,
        title="The file cannot be laid out without a loss",
        meaning=(
            "fmt reads what it made again and compares: values and comments must be the same. "
            "Here a comment would have been lost or moved to another value, so the file stays as "
            "it was."
        ),
        example=Told(
            "$ vcc-pki fmt templates/web.yaml\n"
            "error[PKI1020] the file cannot be laid out without losing something\n"
            "\n"
            "with the lines\n"
            "  usages: [server auth,  # both\n"
            "    client auth]"
        ),
        cure=("Move comments out of lists and mappings in brackets, to a line of their own above."),
    ),
    entry(
        1101,
        title="A path that no host would read alike",
        meaning=(
            "Paths become identities and parts of URLs. They have at most six segments of "
            "lower-case letters, digits and . _ -, so that they are the same on every file "
            "system."
        ),
        example=text("tenants/vcc/services/Web Shop.yaml", manifest("Service", "web", SERVICE)),
        cure=("Rename the file or its folder, e.g. to tenants/vcc/services/web-shop.yaml."),
    ),
    entry(
        1102,
        title="Two paths that differ in spelling only",
        meaning=(
            "File systems without case, or with another Unicode form, hold both paths for one "
            "file: a clone would have only one of them."
        ),
        example=text("tenants/vcc/services/API.yaml", manifest("Service", "web", SERVICE)),
        cure="Rename or delete one of the two files.",
    ),
    entry(
        1103,
        title="The file is ignored",
        meaning=(
            "Folders say what files are: services/, cas/, templates/ and so on hold manifests "
            "that end in .yaml or .yml, csr/ holds .pem. A file that is neither would be passed "
            "over, and its author would wait for nothing."
        ),
        example=text("tenants/vcc/service/web.yaml", manifest("Service", "web", SERVICE)),
        cure=(
            "Move the file to the folder of its kind, or correct the ending; documentation is "
            "called README.md."
        ),
    ),
    entry(
        1104,
        title="The object stands in the folder of another kind",
        meaning=(
            "The folder says what kind of object a file holds and whose it is, so that a review "
            "of services/ is never one of a CA."
        ),
        example=text("templates/web.yaml", manifest("Service", "web", SERVICE)),
        cure="Move the file to the folder that the message names, or correct kind.",
    ),
    entry(
        1105,
        title="A tenant in the folder of another name",
        meaning=(
            "All that lies below tenants/<name>/ belongs to the tenant of that name. Its "
            "tenant.yaml has to agree, or nobody could tell whose objects these are."
        ),
        example=text(
            "tenants/partner/tenant.yaml",
            manifest("Tenant", "partners", "organization: Partner\nzone: partner.example\n"),
            manifest("Tenant", "partner", "organization: Partner\nzone: partner.example\n"),
        ),
        cure="Give the folder and metadata.name the same name.",
    ),
    entry(
        1301,
        title="A symbolic link or a special file",
        meaning=(
            "Only regular files are read: a link could show a reviewer one file and the "
            "reconciler another, or lead out of the tree."
        ),
        example=Told(
            "$ ln -s ../../other/services/api.yaml tenants/vcc/services/api.yaml\n"
            "$ git add tenants/vcc/services/api.yaml"
        ),
        cure="Commit the file itself instead of the link.",
    ),
    entry(
        1302,
        title="A submodule",
        meaning=(
            "A submodule is a pointer into another repository, with its own history and its own "
            "reviewers. What is declared has to be in the commit that is judged."
        ),
        example=Told("$ git submodule add https://git.vcc.internal/covina-pki.git tenants/covina"),
        cure="Commit the files themselves.",
    ),
    entry(
        1303,
        title="A path with octets that cannot be shown",
        meaning=(
            "The path is not UTF-8, or has control characters. It could rewrite the terminal of "
            "whoever reads a message about it."
        ),
        example=Told("A file in services/ whose name has a line feed in the middle"),
        cure="Rename the file with lower-case letters, digits and . _ - alone.",
    ),
    entry(
        1304,
        title="A committed file is too large",
        meaning=(
            "The daemon asks git for the size before it reads. A file above 1 MiB is not read at "
            "all."
        ),
        example=Told("A backup.tar of 40 MB, committed below the folder of the desired state"),
        cure=("Split it, or keep it outside of the folder that path in vcc-pki.toml names."),
    ),
    entry(
        1305,
        title="More files than are read",
        meaning=(
            "At most 200,000 files of a commit are looked at, so that one commit cannot occupy "
            "the daemon for hours."
        ),
        example=Told("A commit that adds a folder with 300,000 generated files"),
        cure=(
            "Remove what is not part of the desired state; divide very large PKIs into several "
            "repositories."
        ),
    ),
    entry(
        1306,
        title="A file mode that is not known",
        meaning=(
            "Git stores regular files as 100644 or 100755. Anything else was made by hand or by a "
            "faulty tool."
        ),
        example=Told(
            "$ git ls-tree HEAD tenants/vcc/services/\n"
            "100664 blob 5626abf0f72e58d7a153368ba57db4c673c0e171  api.yaml"
        ),
        cure="Remove the file from the index and add it again with an ordinary git.",
    ),
    entry(
        1307,
        title="The commit has no desired state",
        meaning=(
            "The folder that path in vcc-pki.toml names is not in the commit. An absent tree is "
            "never taken for an empty one: that would retire everything."
        ),
        example=Told(
            'path = "desired-state" in vcc-pki.toml, and a commit that renames the folder to pki/'
        ),
        cure=("Restore the folder, or correct path in vcc-pki.toml together with the move."),
    ),
)
