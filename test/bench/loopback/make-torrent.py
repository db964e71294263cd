"""make-torrent.py FILE TORRENT: a v1 torrent with pieces of 1 MiB."""
import os
import sys

import libtorrent as lt

source, torrent = sys.argv[1:3]
files = lt.file_storage()
lt.add_files(files, source)
made = lt.create_torrent(files, 1 << 20, flags=lt.create_torrent.v1_only)
lt.set_piece_hashes(made, os.path.dirname(os.path.abspath(source)))
with open(torrent, 'wb') as file:
    file.write(lt.bencode(made.generate()))
