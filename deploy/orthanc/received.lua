-- What comes by DICOM (C-STORE) never takes over what is there: Orthanc asks this before it keeps an image.
--
-- An error here is a refusal: Orthanc 1.12.7 keeps nothing then, and tells the sender so (0xA700). `return
-- false` keeps nothing either, but tells the sender that all is well. So what must not come in is an error, and
-- what goes wrong in here refuses as well. A script that cannot be loaded keeps Orthanc from starting.
--
-- A sender may begin a new series, in a new study or one that is there; and go on with a series that he began,
-- while nobody but the albums of his own rules holds it. The list of senders is the same file that the
-- auth service files by; it stands in Orthanc's configuration under "Paradim".

local PEERS = GetOrthancConfiguration()['Paradim']['Peers']

local function refuse(why)
  error('refused by received.lua: ' .. why, 0)
end

-- Padding, and nothing else: what Orthanc would tell apart must not look the same here.
local function text(value)
  if value == nil then return '' end
  if type(value) ~= 'string' then refuse('an attribute is no text') end
  return (value:gsub('^ +', ''):gsub(' +$', ''))
end

-- An identifier goes into a question, where Orthanc would read * ? and \ as more than letters.
local function uid(dicom, keyword)
  local value = text(dicom[keyword])
  if #value > 64 or not value:match('^[0-9][0-9.]*$') then refuse(keyword .. ' is not an identifier') end
  return value
end

local function find(level, keyword, value, tags, content)
  local question = {
    Level = level, Query = { [keyword] = value }, RequestedTags = tags, ResponseContent = content, Limit = 3
  }
  local answer = RestApiPost('/tools/find', DumpJson(question), true)
  if answer == nil then refuse('the archive does not answer') end
  local found = {}
  for _, row in pairs(ParseJson(answer)) do
    if text(row['RequestedTags'][keyword]) == value then table.insert(found, row) end
  end
  return found
end

-- Whoever comes from elsewhere than a listed sender is turned away before; this is the second wall.
local function peer_of(origin)
  local peer = PEERS[origin['RemoteAet']]
  if peer == nil or peer['Address'] ~= origin['RemoteIp'] then refuse('the sender is not listed') end
  return peer
end

local function check_study(study, patient)
  -- Orthanc makes its identifiers of these, with a bar between them.
  if string.find(patient, '|', 1, true) or #patient > 64 then refuse('its PatientID cannot be one') end
  local found = find('Study', 'StudyInstanceUID', study, { 'StudyInstanceUID', 'PatientID' }, { 'Parent' })
  for _, row in pairs(found) do
    if text(row['RequestedTags']['PatientID']) ~= patient then refuse('the study is another patient\'s') end
  end
end

local function series_there(series, study)
  local found = find(
    'Series', 'SeriesInstanceUID', series, { 'SeriesInstanceUID', 'StudyInstanceUID' }, { 'Metadata', 'Labels' }
  )
  for _, row in pairs(found) do
    if text(row['RequestedTags']['StudyInstanceUID']) ~= study then refuse('the series is another study\'s') end
  end
  if #found > 1 then refuse('the series is there more than once') end
  return found[1]
end

local function is_there(instance, series)
  local found = find(
    'Instance', 'SOPInstanceUID', instance, { 'SOPInstanceUID', 'SeriesInstanceUID' }, { 'Parent' }
  )
  for _, row in pairs(found) do
    if text(row['RequestedTags']['SeriesInstanceUID']) ~= series then
      refuse('the instance is another series\'s')
    end
  end
  return #found > 0
end

local function check_may_go_on(there, peer, origin)
  if there['Metadata']['RemoteAET'] ~= origin['RemoteAet'] then refuse('somebody else began the series') end
  local own = {}
  for _, label in pairs(peer['Labels']) do own[label] = true end
  for _, label in pairs(there['Labels']) do
    if not own[label] then refuse('others hold the series') end
  end
end

function ReceivedInstanceFilter(dicom, origin, info)
  local from = origin['RequestOrigin']
  -- What comes by HTTP was judged by the gate.
  if from == 'RestApi' or from == 'Plugins' then return true end
  if from ~= 'DicomProtocol' then refuse('it comes from nowhere') end
  local peer = peer_of(origin)
  local study, series = uid(dicom, 'StudyInstanceUID'), uid(dicom, 'SeriesInstanceUID')
  local instance = uid(dicom, 'SOPInstanceUID')
  check_study(study, text(dicom['PatientID']))
  local there = series_there(series, study)
  -- What is there stays as it is ("OverwriteInstances"), and the answer is the same whoever brought it.
  if is_there(instance, series) then return true end
  if there ~= nil then check_may_go_on(there, peer, origin) end
  return true
end
