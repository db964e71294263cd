"""libtorrent-seed.py PORT TORRENT FOLDER: a libtorrent seeder with its settings for high performance."""
import sys
import time

import libtorrent as lt

port, torrent, folder = sys.argv[1:4]
settings = dict(lt.high_performance_seed())
settings.update({
    'send_buffer_watermark': 8 << 20, 'send_buffer_watermark_factor': 300,
    'listen_interfaces': f'127.0.0.1:{port}', 'enable_dht': False, 'enable_lsd': False, 'enable_upnp': False,
    'enable_natpmp': False, 'enable_incoming_utp': False, 'enable_outgoing_utp': False,
    'allow_multiple_connections_per_ip': True, 'out_enc_policy': 2, 'in_enc_policy': 2, 'prefer_rc4': False,
})
session = lt.session(settings)
parameters = lt.add_torrent_params()
parameters.ti = lt.torrent_info(torrent)
parameters.save_path = folder
parameters.trackers = []
parameters.flags = lt.torrent_flags.seed_mode
parameters.upload_limit = -1
handle = session.add_torrent(parameters)
handle.replace_trackers([])
while not handle.status().is_seeding:
    time.sleep(0.02)
print('READY', flush=True)
while True:
    time.sleep(3600)
