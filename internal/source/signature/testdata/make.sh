#!/bin/bash
# Makes keys.txtar and object/*.txtar once, with Git's, GnuPG's and OpenSSH's own
# programs; the private keys are thrown away. Run it here, and review what it made:
# the tests know neither the keys nor the programs.
set -euo pipefail
here=$PWD
work=$(mktemp -d)
trap 'gpgconf --kill all; rm -rf "$work"' EXIT
export GNUPGHOME=$work/gnupg HOME=$work GIT_CONFIG_NOSYSTEM=1
mkdir -m 700 "$GNUPGHOME"
export GIT_AUTHOR_NAME="Ada Lovelace" GIT_AUTHOR_EMAIL=ada@example.com GIT_COMMITTER_NAME=Bot GIT_COMMITTER_EMAIL=bot@example.com
export GIT_AUTHOR_DATE="1767225600 +0000" GIT_COMMITTER_DATE="1767225600 +0000"

key() { # name algorithm usage expiry [time] -> fingerprint
	gpg --batch --quiet --faked-system-time "${5:-20250101T000000}!" --passphrase '' --quick-gen-key "$1 <$1@example.com>" "$2" "$3" "$4" 2>/dev/null
	gpg --list-keys --with-colons "$1@example.com" | awk -F: '$1 == "fpr" { print $10; exit }'
}
good=$(key good ed25519 sign never)
rsa=$(key rsa rsa2048 sign never)
sub=$(key sub ed25519 cert never)
gpg --batch --quiet --faked-system-time 20250101T000000! --passphrase '' --quick-add-key "$sub" ed25519 sign never
subsub=$(gpg --list-keys --with-colons sub@example.com | awk -F: '$1 == "fpr" { f = $10 } END { print f }')
expired=$(key expired ed25519 sign 2026-03-01)
revoked=$(key revoked ed25519 sign never)
unknown=$(key unknown ed25519 sign never)
for k in ssh-ed25519 ssh-rsa ssh-ecdsa ssh-unknown; do
	type=${k#ssh-}; [ "$type" = unknown ] && type=ed25519
	ssh-keygen -q -t "$type" -N '' -C "$k" -f "$work/$k"
done

cat > "$work/gpg" <<END
#!/bin/bash
exec gpg --batch --faked-system-time 20260101T000000! \${EXTRA:-} "\$@"
END
chmod +x "$work/gpg"
git init -q -b main "$work/r"
cd "$work/r"
git config gpg.program "$work/gpg"
commit() { git commit -q --allow-empty "$@"; git cat-file commit HEAD > "$work/object"; }
signed_by() { git config gpg.format openpgp; git config user.signingkey "$1!"; }
ssh_by() { git config gpg.format ssh; git config user.signingkey "$work/$1"; }
mkdir -p "$here/object"
keep() { # name reason want: the object that is in $work/object
	{ echo "$2"; echo "-- object --"; cat "$work/object"; echo "-- want --"; echo "$3"; } > "$here/object/$1.txtar"
}
id() { echo "${1: -16}"; }
ada='by "Ada Lovelace <ada@example.com>"'
bot='by "Bot <bot@example.com>"'

commit -m "unsigned"; keep unsigned "A commit that nobody signed." "not signed $ada"
signed_by $good; commit -S -m "signed

with a body
-----BEGIN PGP SIGNATURE-----
that looks like one"; keep good "An Ed25519 key, and a message that a tag's reader would stumble over." "signed with $(id $good) $ada"
cp "$work/object" "$work/good"
sed 's/with a body/with another/' "$work/good" > "$work/object"; keep tampered "The message was changed afterwards." "signed badly with $(id $good) $ada: it does not fit the content"
sed 's/^author Ada Lovelace/author Eve/' "$work/good" > "$work/object"; keep tampered-author "The author was changed afterwards." "signed badly with $(id $good) by \"Eve <ada@example.com>\": it does not fit the content"
awk '/^gpgsig /{copy=1} copy{buf=buf $0 "\n"} {print} /^ -----END/{ if (copy) {printf "%s", buf; copy=0} }' "$work/good" > "$work/object"
keep twice "A second signature as a header of its own, which git would read together with the first." "error: has more than one signature"
awk '/^gpgsig /{in_sig=1} !in_sig{print} /^ -----END PGP/{in_sig=0}' "$work/good" > "$work/payload"
sign_raw() { "$work/gpg" -u "$1!" --armor --detach-sign "${@:2}" < "$work/payload"; }
insert() { awk -v sig="$1" 'BEGIN{n=split(sig,l,"\n")} /^$/ && !done {printf "gpgsig %s\n", l[1]; for(i=2;i<=n;i++) printf " %s\n", l[i]; done=1} {print}' "$work/payload" > "$work/object"; }
insert "$(cat <("$work/gpg" -u "$unknown!" --detach-sign < "$work/payload") <("$work/gpg" -u "$good!" --detach-sign < "$work/payload") | gpg --enarmor 2>/dev/null | sed 's/PGP ARMORED FILE/PGP SIGNATURE/; /^Comment/d')"
keep two-in-one "Two signatures in one armor: whoever adds his own to a good one must not pass for the other." "signed badly $ada: it is more than one"
insert "$(sign_raw $good --digest-algo SHA1)"; keep sha1 "Made over SHA-1, which two commits can share; GnuPG takes it." "signed badly with $(id $good) $ada: it is made over a hash that is not safe"
insert "$(sign_raw $good --textmode)"; keep textmode "A signature of a text, which the ends of lines are not part of." "signed badly with $(id $good) $ada: it is not one of a document"
insert "$(sign_raw $good --default-sig-expire 2026-02-01)"; keep expired-signature "Good until February." "signed with a signature that has expired with $(id $good) $ada"
insert "$(sign_raw $good | sed 's/PGP SIGNATURE/SIGNED MESSAGE/')"; keep x509 "X.509 is not known." "signed badly $ada: it is neither of OpenPGP nor of SSH"
insert "-----BEGIN PGP SIGNATURE-----

bm9uc2Vuc2U=
-----END PGP SIGNATURE-----"; keep nonsense "An armor with nothing in it." "signed badly $ada: it cannot be read"
signed_by $rsa; commit -S -m rsa; keep rsa "An RSA key." "signed with $(id $rsa) $ada"
signed_by $subsub; commit -S -m subkey; keep subkey "A subkey for signing: Argo CD allows its id only, here its primary key's is as good." "signed with $(id $subsub) $ada"
signed_by $expired; commit -S -m expired; keep expired-key "A key that was good when it signed, and has expired since." "signed with a key that has expired with $(id $expired) $ada"
signed_by $revoked; commit -S -m revoked; keep revoked-key "A key that its owner took back later." "signed with a key that was revoked with $(id $revoked) $ada"
signed_by $unknown; commit -S -m unknown; keep unknown-key "A good signature by nobody whom we know." "signed with a key that is not in argocd-gpg-keys-cm with $(id $unknown) $ada"
signed_by $good
git config i18n.commitEncoding ISO-8859-1
printf 'gr\374n' > "$work/message"; commit -S -F "$work/message"; git config --unset i18n.commitEncoding
keep encoding "Another encoding: what is signed are bytes, and one more header." "signed with $(id $good) $ada"
git tag -s -m "tag" v1; git cat-file tag v1 > "$work/object"; keep tag "A signed tag; its tagger is who counts." "signed with $(id $good) $bot"
sed 's/^tag v1/tag v2/' "$work/object" > "$work/o2"; mv "$work/o2" "$work/object"; keep tag-tampered "Another name for a signed tag." "signed badly with $(id $good) $bot: it does not fit the content"
git tag -a -m "tag" v1-unsigned; git cat-file tag v1-unsigned > "$work/object"; keep tag-unsigned "An annotated tag that nobody signed." "not signed $bot"
git checkout -q -b side v1^{commit}; commit -m side; git tag -s -m "side" v-side; git checkout -q main; commit -m main
git merge -q --no-ff -S -m merge v-side; git cat-file commit HEAD > "$work/object"; keep mergetag "A merge of a signed tag: its signature is in a header of its own and part of what is signed." "signed with $(id $good) $ada"
for k in ed25519 rsa ecdsa; do
	ssh_by ssh-$k; commit -S -m "$k"; keep ssh-$k "An SSH key." "signed with $(ssh-keygen -lf "$work/ssh-$k.pub" | cut -d' ' -f2) $ada"
done
fp=$(ssh-keygen -lf "$work/ssh-ed25519.pub" | cut -d' ' -f2)
ssh_by ssh-unknown; commit -S -m unknown; keep ssh-unknown "An SSH key that nobody knows." "signed with a key that is not in argocd-gpg-keys-cm with $(ssh-keygen -lf "$work/ssh-unknown.pub" | cut -d' ' -f2) $ada"
ssh_by ssh-ed25519; git tag -s -m tag v-ssh; git cat-file tag v-ssh > "$work/object"; keep ssh-tag "A tag signed with an SSH key." "signed with $fp $bot"
sed 's/^tagger Bot/tagger Eve/' "$work/object" > "$work/o2"; mv "$work/o2" "$work/object"; keep ssh-tag-tampered "And changed." "signed badly with $fp by \"Eve <bot@example.com>\": it does not fit the content"
insert "$(ssh-keygen -q -Y sign -n file -f "$work/ssh-ed25519" < "$work/payload" 2>/dev/null)"
keep ssh-namespace "A signature that was made for a file of the same content, by a program that signs files." "signed badly with $fp $ada: it is not made for git"

cd "$here"
sed 's/^:-----/-----/' "$GNUPGHOME/openpgp-revocs.d/$revoked.rev" | gpg --batch --quiet --import 2>/dev/null
{
	echo "The keyring of the tests, made by make.sh: entries of argocd-gpg-keys-cm."
	for k in $good $rsa $sub $expired $revoked; do echo "-- $(id $k) --"; gpg --armor --export "$k"; done
	for k in ed25519 rsa ecdsa; do echo "-- ssh-$k --"; cat "$work/ssh-$k.pub"; done
} > keys.txtar
