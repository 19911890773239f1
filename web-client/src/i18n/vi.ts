// SPDX-License-Identifier: Apache-2.0
// Every text of the page in Vietnamese, the language it is written in. `{name}` stands for a value.
// Another language is a file of the same keys; the compiler names a missing one.
export const vi = {
  'app.name': 'Rông',
  'app.tagline': 'Phòng họp trực tuyến tỉnh Gia Lai',
  'app.language': 'Ngôn ngữ',
  'app.loading': 'Đang mở phiên họp…',
  'app.waiting_roster': 'Đang nhận danh sách điểm cầu…',

  'entry.title': 'Chưa vào được phiên họp',
  'entry.continue': 'Vào phiên họp với tên {name}',
  'entry.signed_in': 'Trình duyệt này vẫn đang có phiên của {name} ({role}).',
  'entry.retry': 'Thử lại',
  'entry.take_over': 'Dùng ở đây',
  'entry.code': 'Mã: {code}',

  'role.chair': 'Chủ tọa',
  'role.secretary': 'Thư ký',
  'role.technician': 'Kỹ thuật viên',
  'role.delegate': 'Đại biểu',
  'role.interpreter': 'Phiên dịch',
  'role.room': 'Điểm cầu',
  'role.mcu': 'Máy chủ hội nghị',
  'role.admin': 'Quản trị viên',

  'meeting.planned': 'Chưa khai mạc',
  'meeting.open': 'Đang họp',
  'meeting.ended': 'Đã kết thúc',
  'meeting.none':
    'Liên kết này không gắn với phiên họp nào: hãy xin liên kết của phiên họp cần theo dõi.',
  'meeting.ended_title': 'Phiên họp đã kết thúc',
  'meeting.ended_text': 'Cảm ơn các đại biểu. Có thể đóng trang này.',
  'meeting.end': 'Kết thúc họp',
  'meeting.end_title': 'Kết thúc phiên họp?',
  'meeting.end_text':
    'Mọi điểm cầu sẽ mất hình và tiếng. Phiên họp đã kết thúc thì không mở lại được.',
  'meeting.end_confirm': 'Kết thúc',
  'meeting.end_cancel': 'Họp tiếp',
  'meeting.mute_all': 'Tắt mọi micro',

  'connection.lost':
    'Mất kết nối với máy chủ; trang tự kết nối lại. Hình và tiếng đang có vẫn tiếp tục.',
  'connection.retry': 'Kết nối ngay',

  'media.waiting': 'Đang chờ máy chủ hội nghị…',
  'media.connecting': 'Đang mở hình và tiếng…',
  'media.connected': 'Hình và tiếng tốt',
  'media.failed': 'Mất hình và tiếng; đang nối lại…',

  'stage.label': 'Sân khấu: hình chung của phiên họp',
  'stage.unmute': 'Bật tiếng',
  'stage.unmute_hint': 'Trình duyệt chờ một lần bấm trước khi phát tiếng.',
  'stage.fullscreen': 'Toàn màn hình',

  'floor.title': 'Đang phát biểu',
  'floor.none': 'Chưa có ai phát biểu',
  'floor.none_hint': 'Bấm “Mời” ở một điểm cầu hoặc trong hàng chờ.',
  'floor.grant': 'Mời',
  'floor.grant_label': 'Mời {name} phát biểu',
  'floor.release': 'Thu lại',
  'floor.release_label': 'Thu lại quyền phát biểu của {name}',
  'floor.release_long': 'Thu lại quyền phát biểu',
  'floor.holds': 'Đang phát biểu',
  'floor.ask': 'Xin phát biểu',
  'floor.withdraw': 'Thôi xin phát biểu',
  'floor.yield': 'Tôi đã phát biểu xong',
  'floor.yours': 'Xin mời phát biểu, micro đang mở.',
  'floor.position': 'Đang chờ, thứ {position} trong {length}',
  'floor.announce_granted': '{name} được mời phát biểu.',
  'floor.announce_free': 'Không còn ai phát biểu.',

  'queue.title': 'Xin phát biểu',
  'queue.empty': 'Chưa có ai xin phát biểu.',
  'queue.waiting': 'chờ {time}',
  'queue.announce': '{name} xin phát biểu, thứ {position}.',

  'roster.title': 'Điểm cầu',
  'roster.search': 'Tìm theo tên',
  'roster.only_asking': 'Xin phát biểu',
  'roster.only_absent': 'Vắng',
  'roster.all': 'Tất cả',
  'roster.summary': '{present}/{total} có mặt',
  'roster.asking': '{count} xin phát biểu',
  'roster.nothing': 'Không có điểm cầu nào khớp.',
  'roster.people': 'Người dự bằng liên kết',
  'roster.province': 'Điểm cầu tỉnh',
  'roster.others': 'Điểm cầu khác',
  'roster.collapse': 'Thu gọn tất cả',
  'roster.expand': 'Mở tất cả',
  'roster.you': 'bạn',

  'state.connected': 'Có hình và tiếng',
  'state.present': 'Đã vào, chưa có hình',
  'state.absent': 'Vắng mặt',
  'state.asking': 'Xin phát biểu thứ {position}, chờ {time}',
  'state.on_stage': 'Trên sân khấu',

  'mute.close_label': 'Tắt micro của {name}',
  'mute.open_label': 'Mở micro của {name}',
  'mute.is_open': 'Micro đang mở',
  'mute.is_closed': 'Micro đang tắt',

  'self.microphone_on': 'Micro: bật',
  'self.microphone_off': 'Micro: tắt',
  'self.microphone_wait': 'Micro: chờ được mời',
  'self.camera_on': 'Camera: bật',
  'self.camera_off': 'Camera: tắt',
  'self.microphone_closed': 'Chủ tọa đang đóng micro của bạn.',
  'self.receive_only': 'Chỉ xem và nghe',

  'capture.both': 'Không dùng được camera và micro',
  'capture.audio': 'Không dùng được micro',
  'capture.video': 'Không dùng được camera',
  'capture.denied':
    'trình duyệt đang chặn. Bấm biểu tượng ổ khoá cạnh địa chỉ trang, cho phép, rồi tải lại trang.',
  'capture.missing': 'máy này không có. Cắm thiết bị vào, trang sẽ tự nhận.',
  'capture.busy': 'chương trình khác đang dùng. Đóng chương trình đó rồi tải lại trang.',
  'capture.insecure': 'trang không được mở bằng https. Mở lại bằng liên kết đã nhận.',

  'readiness.title': 'Tình trạng các điểm cầu',
  'readiness.ready': 'Sẵn sàng',
  'readiness.no_media': 'Hộp đã vào nhưng chưa có hình: xem dây mạng và nhật ký của hộp.',
  'readiness.absent': 'Hộp chưa vào: xem nguồn điện và đường truyền.',
  'readiness.device': 'thiết bị không trả lời, xem nguồn điện và dây nối.',
  'readiness.scene': 'Cảnh chưa đặt được, xem nhật ký của hộp.',
  'readiness.count': '{ready}/{total} sẵn sàng',

  'error.close': 'Đóng thông báo',
  'error.unknown': 'Có lỗi. Hãy thử lại; nếu vẫn lỗi, gọi kỹ thuật viên và đọc mã {code}.',
  'error.more': '{text} Nếu vẫn lỗi, gọi kỹ thuật viên và đọc mã {code}.',
  'error.net.lost': 'Đang mất kết nối với máy chủ: chờ trang kết nối lại rồi bấm lại.',
  'error.net.timeout': 'Máy chủ trả lời quá lâu: hãy bấm lại.',
  'error.net.unreachable':
    'Không tới được máy chủ: kiểm tra dây mạng hoặc Wi-Fi rồi bấm “Thử lại”.',
  'error.net.bad_answer': 'Máy chủ trả lời sai: tải lại trang, nếu vẫn lỗi thì gọi kỹ thuật viên.',
  'error.link.unknown':
    'Liên kết này không có hiệu lực: hãy mở đúng toàn bộ liên kết đã nhận, hoặc xin thư ký một liên kết mới.',
  'error.link.used':
    'Liên kết này đã được dùng, mỗi liên kết chỉ mở được một lần: hãy xin thư ký một liên kết mới.',
  'error.link.expired': 'Liên kết này đã hết hạn: hãy xin thư ký một liên kết mới.',
  'error.auth.required':
    'Trang này cần liên kết mời: hãy mở liên kết thư ký đã gửi, hoặc xin một liên kết mới.',
  'error.auth.forbidden': 'Vai trò của bạn không được làm việc này: hãy nhờ chủ tọa.',
  'error.auth.replaced':
    'Phiên họp này vừa được mở ở một cửa sổ khác: dùng cửa sổ đó, hoặc bấm “Dùng ở đây”.',
  'error.proto.version': 'Trang này đã cũ so với máy chủ: hãy tải lại trang.',
  'error.proto.rate': 'Bấm quá nhanh: chờ vài giây rồi bấm lại.',
  'error.meeting.unknown': 'Không còn phiên họp này: hãy xin thư ký liên kết của phiên họp mới.',
  'error.meeting.not_open': 'Phiên họp chưa khai mạc hoặc đã kết thúc, nên chưa làm được.',
  'error.meeting.ended': 'Phiên họp đã kết thúc, không làm được nữa.',
  'error.member.unknown': 'Điểm cầu này không còn trong phiên họp.',
  'error.floor.not_allowed': 'Hiện không xin phát biểu được: hãy chờ phiên họp khai mạc.',
  'error.floor.already_held': 'Điểm cầu này đang phát biểu rồi.',
  'error.floor.not_queued': 'Không còn trong hàng chờ phát biểu.',
  'error.floor.not_held': 'Điểm cầu này không còn phát biểu nữa.',
  'error.media.no_mcu':
    'Máy chủ hội nghị chưa sẵn sàng; trang tự thử lại. Nếu quá một phút, gọi kỹ thuật viên.',
  'error.media.timeout':
    'Máy chủ hội nghị chưa trả lời; trang tự thử lại. Nếu quá một phút, gọi kỹ thuật viên.',
  'error.media.no_codec':
    'Trình duyệt này không có bộ mã hoá H.264: hãy dùng Chrome, Edge hoặc Chromium bản mới.',
} as const;

export type TextKey = keyof typeof vi;

/** All texts in one language. */
export type Catalogue = Readonly<Record<TextKey, string>>;
